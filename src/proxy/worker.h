// SPDX-License-Identifier: Apache-2.0
// What everything that runs on one worker is handed: its loop, where its connections come from and
// go to, its buffers, and the bounds it shares with the others. Built by app, lives as long as the
// worker's loop, used on that loop only.
#pragma once

#include <memory>
#include <vector>

#include "base/bytes.h"
#include "base/chunk_pool.h"
#include "base/ids.h"
#include "model/snapshot.h"
#include "net/dialer.h"
#include "net/network.h"
#include "observe/log.h"
#include "os/pipe.h"
#include "proxy/admission.h"
#include "runtime/loop.h"
#include "upstream/pool.h"
#include "wire/tls_hello.h"

namespace causeway::proxy {

struct Worker {
  base::WorkerId id;
  runtime::Loop& loop;
  net::Network& network;
  net::Dialer& dialer;
  base::ChunkPool& chunks;
  os::PipePool& pipes;
  MutableBytes
      scratch;  // one read of any connection of this worker; empty again before the next await
  wire::TlsHelloScratch& hello_scratch;  // for one ClientHello; empty again before the next await
  observe::Log& log;
  Admission& admission;
  std::vector<std::unique_ptr<upstream::Pool>> pools;  // by PoolId

  [[nodiscard]] upstream::Pool& pool(base::PoolId id_of_pool) const {
    return *pools.at(id_of_pool.index());
  }
};

}  // namespace causeway::proxy
