// SPDX-License-Identifier: Apache-2.0
#include "net/dialer.h"

#include "base/address.h"
#include "base/error.h"
#include "base/result.h"
#include "net/datagram.h"
#include "net/network.h"

namespace causeway::net {

Result<DatagramPtr> DirectDialer::dial_datagram(const base::Address& endpoint,
                                                const DatagramOptions& options) {
  const auto* peer = endpoint.socket();
  if (peer == nullptr) return fail(Errc::unsupported, Side::local, "datagrams go to IP addresses");
  return network_.connect_datagram(*peer, options);
}

}  // namespace causeway::net
