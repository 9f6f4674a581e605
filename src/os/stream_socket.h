// SPDX-License-Identifier: Apache-2.0
// Stream sockets, internet and unix: the system calls with our errors. Nothing here waits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.h"
#include "base/bytes.h"
#include "base/result.h"
#include "base/time.h"
#include "os/fd.h"
#include "os/socket_name.h"

namespace causeway::os {

struct ListenOptions {
  std::uint32_t backlog = 4096;
  bool reuse_port = false;  // several sockets on one address, the kernel spreads connections
  std::uint32_t fast_open_queue = 0;  // pending TCP fast open requests; 0: off
  std::uint32_t unix_mode = 0660;
  std::uint32_t receive_buffer_bytes = 0;  // 0: the kernel's own sizing
  std::uint32_t send_buffer_bytes = 0;
};

// Binds and listens. An IPv6 wildcard also takes IPv4. A stale unix socket file, one that nobody
// listens on, is replaced; a live one is address_in_use.
[[nodiscard]] Result<Fd> listen_stream(const base::Address& address, const ListenOptions& options);

// The address a socket is bound to; with the port the kernel chose.
[[nodiscard]] Result<base::Address> local_address(const Fd& fd);

[[nodiscard]] Result<base::Address> peer_address(const Fd& fd);

// Removes the file of a unix socket; an abstract name has none.
void remove_socket_file(const base::UnixAddress& address) noexcept;

struct Accepted {
  Fd fd;
  SocketName peer;
};
// Errors: would_block, descriptor_limit (ENFILE too), memory_limit, and closed for a connection
// that was gone before it was accepted (try again).
[[nodiscard]] Result<Accepted> accept_stream(const Fd& listener);

// A socket for the family of `peer`, not connected yet.
[[nodiscard]] Result<Fd> open_stream(const SocketName& peer);
// Begins to connect. True when it is done at once, false when it goes on: writable then means
// ended, and take_error() says how.
[[nodiscard]] Result<bool> begin_connect(const Fd& fd, const SocketName& peer);
// SO_ERROR: the pending error of a socket, taken once. 0 when there is none.
[[nodiscard]] int take_error(const Fd& fd) noexcept;

// Errors: would_block, reset, closed and what else the kernel says. read: 0 is the end of stream.
[[nodiscard]] Result<std::size_t> read_some(const Fd& fd, MutableBytes into) noexcept;
[[nodiscard]] Result<std::size_t> write_some(const Fd& fd, Bytes from) noexcept;

[[nodiscard]] Result<void> shutdown_write(const Fd& fd) noexcept;
// Makes the coming close() send a reset instead of an orderly end.
void reset_on_close(const Fd& fd) noexcept;

void set_no_delay(const Fd& fd, bool on) noexcept;
void set_quick_ack(
    const Fd& fd) noexcept;  // once: Linux forgets it, so it is set again after reads
void set_keepalive(const Fd& fd, Duration idle) noexcept;
void set_fast_open_connect(const Fd& fd) noexcept;
void set_buffers(const Fd& fd, std::uint32_t receive_bytes, std::uint32_t send_bytes) noexcept;

// A connected pair of unix stream sockets, for tests.
struct StreamPair {
  Fd a;
  Fd b;
};
[[nodiscard]] Result<StreamPair> stream_pair();

}  // namespace causeway::os
