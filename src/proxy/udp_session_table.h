// SPDX-License-Identifier: Apache-2.0
// Finds the session of a datagram: a chained hash table whose links live in the sessions, so that a
// session costs no allocation beyond its own. Keyed, since strangers choose their addresses. It
// owns nothing; who inserts keeps the bound (each session holds a ticket of the Admission). One
// loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.h"

namespace causeway::proxy {

// Two datagrams of one source are of one session only if they asked the same address of ours: the
// answer has to come from there.
struct UdpSessionKey {
  base::SocketAddress source;
  base::IpAddress asked;
  friend bool operator==(const UdpSessionKey&, const UdpSessionKey&) = default;
};

// What a session is to the table. It leaves the table before it dies.
class UdpSessionNode {
 public:
  explicit UdpSessionNode(const UdpSessionKey& key) noexcept : key_(key) {}
  UdpSessionNode(const UdpSessionNode&) = delete;
  UdpSessionNode& operator=(const UdpSessionNode&) = delete;

  [[nodiscard]] const UdpSessionKey& key() const noexcept { return key_; }
  [[nodiscard]] bool is_listed() const noexcept { return is_listed_; }

 protected:
  ~UdpSessionNode();

 private:
  friend class UdpSessionTable;
  const UdpSessionKey key_;
  bool is_listed_ = false;
  std::uint64_t hash_ = 0;
  UdpSessionNode* next_ = nullptr;
};

class UdpSessionTable {
 public:
  explicit UdpSessionTable(std::uint64_t hash_key);
  UdpSessionTable(const UdpSessionTable&) = delete;
  UdpSessionTable& operator=(const UdpSessionTable&) = delete;
  ~UdpSessionTable();

  // nullptr when there is none.
  [[nodiscard]] UdpSessionNode* find(const UdpSessionKey& key) const noexcept;
  // Its key must not be there.
  void insert(UdpSessionNode& node);
  // It must be there.
  void remove(UdpSessionNode& node) noexcept;

  [[nodiscard]] std::size_t size() const noexcept { return size_; }

 private:
  static constexpr std::size_t kBucketsMin = 64;

  [[nodiscard]] std::uint64_t hash_of(const UdpSessionKey& key) const noexcept;
  [[nodiscard]] std::size_t bucket_of(std::uint64_t hash) const noexcept {
    return hash & (buckets_.size() - 1);
  }
  void grow();

  const std::uint64_t hash_key_;
  std::vector<UdpSessionNode*>
      buckets_;  // a power of two of them, at least as many as there are nodes
  std::size_t size_ = 0;
};

}  // namespace causeway::proxy
