// SPDX-License-Identifier: Apache-2.0
#include "proxy/udp_session_table.h"

#include <cstdint>
#include <utility>
#include <vector>

#include "base/address.h"
#include "base/assert.h"

namespace causeway::proxy {

UdpSessionNode::~UdpSessionNode() { CW_ASSERT(!is_listed_); }

UdpSessionTable::UdpSessionTable(std::uint64_t hash_key)
    : hash_key_(hash_key), buckets_(kBucketsMin) {}

UdpSessionTable::~UdpSessionTable() { CW_ASSERT(size_ == 0); }

std::uint64_t UdpSessionTable::hash_of(const UdpSessionKey& key) const noexcept {
  // The source is a stranger's choice and goes through the keyed hash. The asked address is one of
  // few that are ours; it only has to make a difference.
  std::uint64_t asked = 0;
  for (const std::uint8_t octet : key.asked.octets()) asked = asked * 31U + octet;
  return base::hash_of(key.source, hash_key_ ^ asked);
}

UdpSessionNode* UdpSessionTable::find(const UdpSessionKey& key) const noexcept {
  const std::uint64_t hash = hash_of(key);
  UdpSessionNode* node = buckets_[bucket_of(hash)];
  while (node != nullptr && (node->hash_ != hash || node->key_ != key)) node = node->next_;
  return node;
}

void UdpSessionTable::insert(UdpSessionNode& node) {
  CW_ASSERT(!node.is_listed_);
  if (size_ == buckets_.size()) grow();
  node.hash_ = hash_of(node.key_);
  UdpSessionNode*& first = buckets_[bucket_of(node.hash_)];
  node.next_ = std::exchange(first, &node);
  node.is_listed_ = true;
  ++size_;
}

void UdpSessionTable::remove(UdpSessionNode& node) noexcept {
  CW_ASSERT(node.is_listed_);
  UdpSessionNode** link = &buckets_[bucket_of(node.hash_)];
  while (*link != &node) link = &(*link)->next_;
  *link = std::exchange(node.next_, nullptr);
  node.is_listed_ = false;
  --size_;
}

void UdpSessionTable::grow() {
  std::vector<UdpSessionNode*> old(buckets_.size() * 2);
  old.swap(buckets_);
  for (UdpSessionNode* node : old) {
    while (node != nullptr) {
      UdpSessionNode* const next = node->next_;
      UdpSessionNode*& first = buckets_[bucket_of(node->hash_)];
      node->next_ = std::exchange(first, node);
      node = next;
    }
  }
}

}  // namespace causeway::proxy
