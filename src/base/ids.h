// SPDX-License-Identifier: Apache-2.0
// Numbers that name things. Each kind has a type of its own, so that a pool is never looked up by
// the number of a listener. An id is an index into a table of the snapshot or of the process; it
// means nothing outside of it and is never written to a document.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace causeway::base {

template <class Tag>
class Id {
 public:
  constexpr Id() noexcept = default;  // the first one
  explicit constexpr Id(std::uint32_t index) noexcept : index_(index) {}

  // For use as an index into the table of its kind.
  [[nodiscard]] constexpr std::uint32_t index() const noexcept { return index_; }

  friend constexpr auto operator<=>(Id, Id) noexcept = default;

 private:
  std::uint32_t index_ = 0;
};

using ListenerId = Id<struct ListenerIdTag>;
using PoolId = Id<struct PoolIdTag>;
using EndpointId = Id<struct EndpointIdTag>;
using WorkerId = Id<struct WorkerIdTag>;

}  // namespace causeway::base

template <class Tag>
struct std::hash<causeway::base::Id<Tag>> {
  [[nodiscard]] std::size_t operator()(causeway::base::Id<Tag> id) const noexcept {
    return std::hash<std::uint32_t>{}(id.index());
  }
};
