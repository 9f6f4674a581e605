// SPDX-License-Identifier: Apache-2.0
#include "proxy/admission.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/time.h"
#include "model/limits.h"
#include "model/listener.h"
#include "model/snapshot.h"
#include "proxy/token_bucket.h"

namespace causeway::proxy {
namespace {

constexpr std::uint64_t kDescriptorsPerConnection = 2;  // one for each side
constexpr std::uint32_t kUdpSessionsMax = 65536;        // of a listener that sets no bound

std::uint64_t total_bound(const model::Limits& limits, std::uint64_t descriptors_max) {
  const std::uint64_t usable =
      descriptors_max > limits.descriptor_reserve ? descriptors_max - limits.descriptor_reserve : 0;
  // Whatever the reserve leaves, one connection may try: a gateway that refuses all explains
  // nothing.
  const std::uint64_t possible = std::max<std::uint64_t>(usable / kDescriptorsPerConnection, 1);
  return limits.max_connections == 0 ? possible : std::min(limits.max_connections, possible);
}

// A count that never passes its bound: what is refused was never counted, so it refuses nobody
// else.
class BoundedCount {
 public:
  explicit BoundedCount(std::uint64_t max) noexcept : max_(max) {}

  [[nodiscard]] bool try_increment() noexcept {
    std::uint64_t count = count_.load(std::memory_order_relaxed);
    do {
      if (count >= max_) return false;
    } while (!count_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed));
    return true;
  }
  void decrement() noexcept {
    const std::uint64_t before = count_.fetch_sub(1, std::memory_order_relaxed);
    CW_ASSERT(before > 0);
  }
  [[nodiscard]] std::uint64_t value() const noexcept {
    return count_.load(std::memory_order_relaxed);
  }
  [[nodiscard]] std::uint64_t max() const noexcept { return max_; }

 private:
  const std::uint64_t max_;
  // Relaxed: the number guards no other data.
  std::atomic<std::uint64_t> count_ = 0;
};

class SharedBucket {
 public:
  explicit SharedBucket(std::uint32_t per_second) noexcept : bucket_(per_second) {}

  [[nodiscard]] bool try_take(Instant now) noexcept {
    if (bucket_.is_unlimited()) return true;
    const std::lock_guard lock(mutex_);
    return bucket_.try_take(now);
  }
  void give_back() noexcept {
    if (bucket_.is_unlimited()) return;
    const std::lock_guard lock(mutex_);
    bucket_.give_back();
  }

 private:
  std::mutex mutex_;
  TokenBucket bucket_;
};

struct alignas(64) ListenerCount {
  ListenerCount(std::uint64_t connections_max, std::uint32_t accept_rate) noexcept
      : connections(connections_max), rate(accept_rate) {}
  BoundedCount connections;
  SharedBucket rate;
};

std::uint64_t listener_bound(const model::Listener& listener) {
  if (listener.max_connections > 0) return listener.max_connections;
  if (listener.protocol == model::Protocol::udp) return kUdpSessionsMax;
  return std::numeric_limits<std::uint64_t>::max();
}

// Stands for all listeners together in a source's key.
constexpr std::uint32_t kAllListeners = std::numeric_limits<std::uint32_t>::max();

struct SourceKey {
  base::IpAddress source;
  std::uint32_t listener = kAllListeners;
  friend bool operator==(const SourceKey&, const SourceKey&) = default;
};

struct SourceHash {
  std::uint64_t hash_key;
  std::size_t operator()(const SourceKey& key) const noexcept {
    // A stranger chooses his address and not our listeners' numbers: those need no key of their
    // own.
    return base::hash_of(key.source, hash_key) + key.listener * 0x9e3779b97f4a7c15U;
  }
};

}  // namespace

struct Admission::Counters {
  Counters(std::uint64_t connections_max, std::uint32_t accept_rate) noexcept
      : connections(connections_max), rate(accept_rate) {}
  alignas(64) BoundedCount connections;
  SharedBucket rate;
  std::vector<std::unique_ptr<ListenerCount>> listeners;
};

// How many connections each source has, of all listeners and of each. An entry is made with the
// first connection and vanishes with the last, so the table is bounded by the number of
// connections.
struct Admission::Sources {
  static constexpr std::size_t kShards = 64;
  using Table = std::unordered_map<SourceKey, std::uint32_t, SourceHash>;

  struct alignas(64) Shard {
    std::mutex mutex;
    std::unique_ptr<Table> table;
  };

  Sources(const model::Snapshot& snapshot, std::uint64_t key)
      : hash_key(key), all_max(snapshot.limits.max_connections_per_source) {
    for (const model::Listener& listener : snapshot.listeners) {
      listener_max.push_back(listener.max_connections_per_source);
    }
    for (Shard& shard : shards) shard.table = std::make_unique<Table>(0, SourceHash{key});
  }

  [[nodiscard]] bool is_bounded(base::ListenerId listener, const base::IpAddress& source) const {
    return !source.is_unspecified() && (all_max > 0 || listener_max[listener.index()] > 0);
  }

  // Both entries of a source lie in one shard. The top bits: the table inside uses the low ones.
  Shard& shard_of(const base::IpAddress& source) noexcept {
    static_assert(kShards == 64);
    return shards[base::hash_of(source, hash_key) >> 58U];
  }

  static bool try_increment(Table& table, const SourceKey& key, std::uint32_t max) {
    if (max == 0) return true;
    std::uint32_t& count =
        table[key];  // a bound is at least one, so a new entry does not stay at zero
    if (count >= max) return false;
    ++count;
    return true;
  }

  static void decrement(Table& table, const SourceKey& key, std::uint32_t max) noexcept {
    if (max == 0) return;
    const auto entry = table.find(key);
    CW_ASSERT(entry != table.end());
    if (--entry->second == 0) table.erase(entry);
  }

  bool try_enter(base::ListenerId listener, const base::IpAddress& source) {
    if (!is_bounded(listener, source)) return true;
    const SourceKey everywhere{.source = source};
    const SourceKey here{.source = source, .listener = listener.index()};
    Shard& shard = shard_of(source);
    const std::lock_guard lock(shard.mutex);
    if (!try_increment(*shard.table, everywhere, all_max)) return false;
    if (try_increment(*shard.table, here, listener_max[listener.index()])) return true;
    decrement(*shard.table, everywhere, all_max);
    return false;
  }

  void leave(base::ListenerId listener, const base::IpAddress& source) noexcept {
    if (!is_bounded(listener, source)) return;
    Shard& shard = shard_of(source);
    const std::lock_guard lock(shard.mutex);
    decrement(*shard.table, {.source = source}, all_max);
    decrement(*shard.table, {.source = source, .listener = listener.index()},
              listener_max[listener.index()]);
  }

  [[nodiscard]] std::size_t entries() {
    std::size_t sum = 0;
    for (Shard& shard : shards) {
      const std::lock_guard lock(shard.mutex);
      sum += shard.table->size();
    }
    return sum;
  }

  const std::uint64_t hash_key;
  const std::uint32_t all_max;
  std::vector<std::uint32_t> listener_max;  // by ListenerId
  std::array<Shard, kShards> shards;
};

Ticket::Ticket(Admission& admission, base::ListenerId listener,
               const base::IpAddress& source) noexcept
    : admission_(&admission), listener_(listener), source_(source) {}

Ticket::Ticket(Ticket&& other) noexcept
    : admission_(std::exchange(other.admission_, nullptr)),
      listener_(other.listener_),
      source_(other.source_) {}

Ticket::~Ticket() {
  if (admission_ != nullptr) admission_->leave(listener_, source_);
}

Admission::Admission(const model::Snapshot& snapshot, std::uint64_t descriptors_max,
                     std::uint64_t hash_key)
    : counters_(std::make_unique<Counters>(total_bound(snapshot.limits, descriptors_max),
                                           snapshot.limits.accept_rate)),
      sources_(std::make_unique<Sources>(snapshot, hash_key)) {
  for (const model::Listener& listener : snapshot.listeners) {
    counters_->listeners.push_back(
        std::make_unique<ListenerCount>(listener_bound(listener), listener.accept_rate));
  }
}

Admission::~Admission() {
  CW_ASSERT(counters_->connections.value() == 0);
  CW_ASSERT(sources_->entries() == 0);
}

Result<Ticket> Admission::enter(base::ListenerId listener, const base::IpAddress& source,
                                Instant now) {
  ListenerCount& local = *counters_->listeners.at(listener.index());
  if (!counters_->connections.try_increment()) return fail(Errc::total_limit, Side::local);
  if (!local.connections.try_increment()) {
    counters_->connections.decrement();
    return fail(Errc::listener_limit, Side::local);
  }
  if (!sources_->try_enter(listener, source)) {
    local.connections.decrement();
    counters_->connections.decrement();
    return fail(Errc::source_limit, Side::downstream);
  }
  // From here on the ticket undoes what was done.
  Ticket ticket(*this, listener, source);
  // Last, so that who is refused for another reason uses up nobody's rate.
  if (!counters_->rate.try_take(now)) return fail(Errc::accept_rate, Side::downstream);
  if (!local.rate.try_take(now)) {
    counters_->rate.give_back();
    return fail(Errc::accept_rate, Side::downstream);
  }
  return ticket;
}

void Admission::leave(base::ListenerId listener, const base::IpAddress& source) noexcept {
  sources_->leave(listener, source);
  counters_->listeners[listener.index()]->connections.decrement();
  counters_->connections.decrement();
}

std::uint64_t Admission::connections() const noexcept { return counters_->connections.value(); }

std::uint64_t Admission::connections_max() const noexcept { return counters_->connections.max(); }

}  // namespace causeway::proxy
