// SPDX-License-Identifier: Apache-2.0
#include "upstream/members.h"

#include <memory>
#include <utility>

namespace causeway::upstream {

MembersPtr make_members(Members members) {
  return std::make_shared<const Members>(std::move(members));
}

}  // namespace causeway::upstream
