// SPDX-License-Identifier: Apache-2.0
// A doubly linked list whose links live in the elements: nothing is allocated, and an element
// leaves its list in constant time without knowing which list that is. The list owns nothing. Used
// on one loop only.
//
// An element derives from ListHook once for each list it can be in, told apart by a tag:
//     class Waiter : public ListHook<struct QueueTag>, public ListHook<struct TimerTag> { ... };
//     IntrusiveList<Waiter, struct QueueTag> queue;
//
// An element must have left its list before it dies, and a list must be empty before it dies: both
// are asserted, since the alternative is a pointer into freed memory. There is no size(): an
// element that unlinks itself could not tell.
#pragma once

#include <cstddef>
#include <iterator>
#include <utility>

#include "base/assert.h"

namespace causeway::base {

template <class T, class Tag>
class IntrusiveList;

// The links of one element in one list. Neither copied nor moved: its neighbours point at it.
template <class Tag>
class ListHook {
 public:
  ListHook() noexcept = default;
  ListHook(const ListHook&) = delete;
  ListHook& operator=(const ListHook&) = delete;
  ~ListHook() { CW_ASSERT(!is_linked()); }

  [[nodiscard]] bool is_linked() const noexcept { return next_ != nullptr; }

  // Leaves the list it is in; nothing when it is in none.
  void unlink() noexcept {
    if (!is_linked()) return;
    previous_->next_ = next_;
    next_->previous_ = previous_;
    previous_ = nullptr;
    next_ = nullptr;
  }

 private:
  template <class T, class OtherTag>
  friend class IntrusiveList;

  ListHook* previous_ = nullptr;
  ListHook* next_ = nullptr;
};

template <class T, class Tag>
class IntrusiveList {
  using Hook = ListHook<Tag>;

 public:
  // Stays valid while its own element stays linked. To remove while walking, step first:
  //     for (auto it = list.begin(); it != list.end();) { T& element = *it++; ... }
  class Iterator {
   public:
    using iterator_category = std::bidirectional_iterator_tag;
    using value_type = T;
    using difference_type = std::ptrdiff_t;
    using pointer = T*;
    using reference = T&;

    Iterator() noexcept = default;
    [[nodiscard]] T& operator*() const noexcept { return static_cast<T&>(*at_); }
    [[nodiscard]] T* operator->() const noexcept { return static_cast<T*>(at_); }
    Iterator& operator++() noexcept {
      at_ = IntrusiveList::after(*at_);
      return *this;
    }
    Iterator operator++(int) noexcept {
      return std::exchange(*this, Iterator(IntrusiveList::after(*at_)));
    }
    Iterator& operator--() noexcept {
      at_ = IntrusiveList::before(*at_);
      return *this;
    }
    Iterator operator--(int) noexcept {
      return std::exchange(*this, Iterator(IntrusiveList::before(*at_)));
    }
    friend bool operator==(const Iterator&, const Iterator&) noexcept = default;

   private:
    friend class IntrusiveList;
    explicit Iterator(Hook* at) noexcept : at_(at) {}
    Hook* at_ = nullptr;
  };

  // The list is a ring through `ring_`, so that no link is ever null and nothing has an edge case.
  IntrusiveList() noexcept {
    ring_.previous_ = &ring_;
    ring_.next_ = &ring_;
  }
  IntrusiveList(const IntrusiveList&) = delete;
  IntrusiveList& operator=(const IntrusiveList&) = delete;
  ~IntrusiveList() {
    CW_ASSERT(empty());
    ring_.unlink();
  }

  [[nodiscard]] bool empty() const noexcept { return ring_.next_ == &ring_; }

  // Only if not empty.
  [[nodiscard]] T& front() noexcept {
    CW_ASSERT(!empty());
    return static_cast<T&>(*ring_.next_);
  }
  [[nodiscard]] T& back() noexcept {
    CW_ASSERT(!empty());
    return static_cast<T&>(*ring_.previous_);
  }

  // `element` must be in no list of this tag.
  void push_back(T& element) noexcept { link(element, *ring_.previous_, ring_); }
  void push_front(T& element) noexcept { link(element, ring_, *ring_.next_); }

  // The element that was first, no longer linked; nullptr when the list is empty.
  T* pop_front() noexcept {
    if (empty()) return nullptr;
    T& element = front();
    remove(element);
    return &element;
  }

  // `element` must be in this list; being in another list of the same tag goes unnoticed.
  void remove(T& element) noexcept {
    Hook& hook = element;
    CW_ASSERT(hook.is_linked());
    hook.unlink();
  }

  // Appends all elements of `other`, in their order, and leaves it empty.
  void splice_back(IntrusiveList& other) noexcept {
    if (&other == this || other.empty()) return;
    Hook* const first = other.ring_.next_;
    Hook* const last = other.ring_.previous_;
    other.ring_.next_ = &other.ring_;
    other.ring_.previous_ = &other.ring_;

    first->previous_ = ring_.previous_;
    ring_.previous_->next_ = first;
    last->next_ = &ring_;
    ring_.previous_ = last;
  }

  [[nodiscard]] Iterator begin() noexcept { return Iterator(ring_.next_); }
  [[nodiscard]] Iterator end() noexcept { return Iterator(&ring_); }

 private:
  static Hook* after(const Hook& hook) noexcept { return hook.next_; }
  static Hook* before(const Hook& hook) noexcept { return hook.previous_; }

  static void link(Hook& hook, Hook& previous, Hook& next) noexcept {
    CW_ASSERT(!hook.is_linked());
    hook.previous_ = &previous;
    hook.next_ = &next;
    previous.next_ = &hook;
    next.previous_ = &hook;
  }

  Hook ring_;
};

}  // namespace causeway::base
