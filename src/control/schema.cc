// SPDX-License-Identifier: Apache-2.0
#include "control/schema.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/time.h"
#include "control/codec.h"
#include "control/codec_parts.h"
#include "control/codecs.h"
#include "control/draft.h"
#include "model/limits.h"
#include "model/listener.h"
#include "model/logging.h"
#include "model/pool.h"
#include "model/snapshot.h"

namespace causeway::control {
namespace {

using namespace std::chrono_literals;
using model::AcceptProxy;
using model::Affinity;
using model::Dns;
using model::Ejection;
using model::Health;
using model::Limits;
using model::Logging;
using model::RouteMatch;
using model::SocketOptions;
using model::Timeouts;

constexpr std::size_t kListenersMax = 16384;
constexpr std::size_t kPoolsMax = 16384;
constexpr std::size_t kRoutesMax = 4096;
constexpr std::size_t kEndpointsMax = 4096;
constexpr std::size_t kMatchValuesMax = 1024;
constexpr std::size_t kNetworksMax = 4096;
constexpr std::size_t kDnsServersMax = 8;
constexpr std::uint64_t kConnectionsMax = 4'294'967'295;
constexpr std::uint32_t kPercentMax = 100;
constexpr std::uint32_t kWeightMax = 65535;
constexpr std::uint32_t kBacklogMax = 65535;
constexpr std::uint32_t kThresholdMax = 1000;
constexpr std::uint32_t kSocketBufferMax = 1U << 30U;
constexpr std::uint32_t kBufferMin = 1U << 10U;
constexpr std::uint32_t kBufferMax = 16U << 20U;
constexpr std::uint64_t kMemoryMin = 1ULL << 20U;
constexpr std::uint64_t kMemoryMax = 1ULL << 50U;
constexpr std::uint64_t kLogSizeMax = 1ULL << 40U;
constexpr Range<Duration> kWait = {.min = 1ms, .max = kDurationMax};

template <class T>
using ObjectPtr = std::unique_ptr<ObjectCodec<T>>;

template <class T>
ObjectPtr<T> object(std::string_view label) {
  return std::make_unique<ObjectCodec<T>>(label);
}

ObjectPtr<Limits> limits() {
  auto map = object<Limits>("limits");
  map->field<&Limits::max_connections>(
      "max_connections", big_count({.min = 0, .max = kConnectionsMax}),
      "Open connections of the whole process; `0`: what the descriptor limit allows");
  map->field<&Limits::max_connections_per_source>(
      "max_connections_per_source", count(),
      "Open connections from one address, all listeners together; `0`: no bound");
  map->field<&Limits::accept_rate>(
      "accept_rate", count(), "New connections a second, all listeners together; `0`: no bound");
  map->field<&Limits::descriptor_reserve>(
      "descriptor_reserve", count({.min = 8, .max = 65536}),
      "Descriptors kept back for logs, probes and the control side");
  map->field<&Limits::memory_bytes>("memory", big_size({.min = kMemoryMin, .max = kMemoryMax}),
                                    "Buffers of all workers together");
  map->field<&Limits::buffer_size_bytes>("buffer_size",
                                         size({.min = kBufferMin, .max = kBufferMax}),
                                         "What one stalled direction of a connection may hold");
  map->field<&Limits::max_buffer_size_bytes>("max_buffer_size",
                                             size({.min = kBufferMin, .max = kBufferMax}),
                                             "The largest single read of a busy connection");
  return map;
}

ObjectPtr<Timeouts> timeouts() {
  auto map = object<Timeouts>("timeouts");
  map->field<&Timeouts::connect>("connect", duration(kWait), "One attempt to reach an endpoint");
  map->field<&Timeouts::read>("read", duration(kWait, Zero::off),
                              "Longest silence of the upstream while a connection is open");
  map->field<&Timeouts::write>("write", duration(kWait, Zero::off),
                               "How long a side may refuse bytes that wait for it");
  map->field<&Timeouts::idle>(
      "idle", duration(kWait),
      "No byte in either direction; for `udp` the life of a silent session");
  map->field<&Timeouts::keepalive>("keepalive", duration({.min = 1s, .max = 32767s}, Zero::off),
                                   "Silence before TCP keepalive probes begin");
  map->field<&Timeouts::peek>("peek", duration(kWait),
                              "For a PROXY header or a ClientHello to arrive");
  map->field<&Timeouts::queue>("queue", duration(kWait),
                               "For a free slot of an endpoint at its `max_connections`");
  map->field<&Timeouts::drain>("drain", duration(kWait),
                               "For open connections to end after SIGTERM");
  return map;
}

ObjectPtr<Dns> dns() {
  auto map = object<Dns>("dns");
  map->field<&Dns::servers>(
      "servers", list_of(dns_server(), {.min = 0, .max = kDnsServersMax}, Scalar::is_list_of_one),
      "Servers to ask, port 53 unless given; none: those of the machine");
  map->field<&Dns::timeout>("timeout", duration(kWait), "Of one query");
  map->field<&Dns::ttl_min>("ttl_min", duration({.min = 1s, .max = kDurationMax}),
                            "Answers are kept at least this long");
  map->field<&Dns::ttl_max>("ttl_max", duration({.min = 1s, .max = kDurationMax}),
                            "And at most this long");
  return map;
}

ObjectPtr<Logging> logging() {
  using model::LogFormat;
  using model::LogLevel;
  using model::LogRotation;
  auto map = object<Logging>("logging");
  map->field<&Logging::level>("level",
                              word<LogLevel>({{"trace", LogLevel::trace},
                                              {"debug", LogLevel::debug},
                                              {"info", LogLevel::info},
                                              {"warn", LogLevel::warn},
                                              {"error", LogLevel::error},
                                              {"off", LogLevel::off}}),
                              "The least important lines that are written");
  map->field<&Logging::format>(
      "format",
      word<LogFormat>(
          {{"auto", LogFormat::automatic}, {"text", LogFormat::text}, {"json", LogFormat::json}}),
      "`auto` is text on a terminal and JSON elsewhere");
  map->field<&Logging::target>("target", log_target(), "Where the lines go");
  map->field<&Logging::rotation>(
      "rotation", word<LogRotation>({{"off", LogRotation::off}, {"daily", LogRotation::daily}}),
      "Whether a file is rotated at midnight");
  map->field<&Logging::max_size_bytes>("max_size", big_size({.min = 0, .max = kLogSizeMax}),
                                       "Of one file before it is rotated; `0`: no bound");
  map->field<&Logging::retention_days>(
      "retention_days", count({.min = 0, .max = 36500}),
      "Rotated files older than this are removed; `0`: they are kept");
  map->field<&Logging::max_files>("max_files", count({.min = 0, .max = 10000}),
                                  "Rotated files that are kept; `0`: no bound");
  return map;
}

ObjectPtr<RouteMatch> route_match() {
  static constexpr std::string_view kHttpHint =
      "that needs protocol http, which does not exist yet; `match` takes sni, alpn and source";
  auto map = object<RouteMatch>("match");
  map->field<&RouteMatch::sni>(
      "sni", list_of(server_name(), {.min = 1, .max = kMatchValuesMax}, Scalar::is_list_of_one),
      "Server names of the ClientHello: exact, or `*.example.com` for one or more labels before "
      "it");
  map->field<&RouteMatch::alpn>("alpn",
                                list_of(alpn_name(), {.min = 1, .max = 64}, Scalar::is_list_of_one),
                                "Protocols that the downstream offers");
  map->field<&RouteMatch::source>(
      "source", list_of(network(), {.min = 1, .max = kNetworksMax}, Scalar::is_list_of_one),
      "Where the downstream comes from, after a PROXY header");
  for (const std::string_view key : {"host", "path", "method", "header", "headers", "query"}) {
    map->stranger(key, kHttpHint);
  }
  return map;
}

ObjectPtr<RouteDraft> route() {
  auto map = object<RouteDraft>("route");
  map->field<&RouteDraft::match>("match", route_match(),
                                 "What must hold; without it the route takes what others leave");
  map->field<&RouteDraft::pool>("pool", name(), "The pool that serves it", Presence::required);
  return map;
}

ObjectPtr<AcceptProxy> accept_proxy() {
  auto map = object<AcceptProxy>("accept_proxy");
  map->field<&AcceptProxy::from>(
      "from", list_of(network(), {.min = 0, .max = kNetworksMax}, Scalar::is_list_of_one),
      "Sources whose PROXY header (v1 or v2) is believed");
  map->field<&AcceptProxy::required>("required", boolean(),
                                     "Refuse a listed source that sends none");
  return map;
}

void add_socket_options(ObjectCodec<ListenerDraft>& map) {
  constexpr auto kSocket = &model::Listener::socket;
  map.field<kSocket, &SocketOptions::tcp_nodelay>("tcp_nodelay", boolean(),
                                                  "Send small segments at once");
  map.field<kSocket, &SocketOptions::tcp_quickack>(
      "tcp_quickack", boolean(), "Acknowledge at once; set again after each read");
  map.field<kSocket, &SocketOptions::tcp_fast_open>(
      "tcp_fast_open", boolean(), "TCP fast open, on the listening socket and towards endpoints");
  map.field<kSocket, &SocketOptions::receive_buffer_bytes>(
      "receive_buffer", size({.min = 0, .max = kSocketBufferMax}),
      "`SO_RCVBUF`; `0`: the kernel's own sizing");
  map.field<kSocket, &SocketOptions::send_buffer_bytes>(
      "send_buffer", size({.min = 0, .max = kSocketBufferMax}),
      "`SO_SNDBUF`; `0`: the kernel's own sizing");
}

ObjectPtr<ListenerDraft> listener() {
  using model::Listener;
  using model::Protocol;
  using model::TlsMode;
  auto map = object<ListenerDraft>("listener");
  map->field<&Listener::name>("name", name(), "Its name in logs, metrics and messages; unique",
                              Presence::required);
  map->field<&Listener::bind>(
      "bind", bind_address(),
      "`0.0.0.0:80`, `[::1]:80`, `:80` for every address of both families, `unix:/path`",
      Presence::required);
  map->field<&Listener::protocol>("protocol",
                                  word<Protocol>({{"tcp", Protocol::tcp}, {"udp", Protocol::udp}}),
                                  "What it speaks");
  map->field<&Listener::tls>(
      "tls", word<TlsMode>({{"off", TlsMode::off}, {"passthrough", TlsMode::passthrough}}),
      "`passthrough` reads the ClientHello for `sni` and `alpn` and passes everything on as it "
      "came");
  map->field<&ListenerDraft::pool>("pool", optional_of(name()),
                                   "The pool that serves it; this or `routes`");
  map->field<&ListenerDraft::route_drafts>(
      "routes", list_of(route(), {.min = 1, .max = kRoutesMax}),
      "Several pools by what matches; the most specific match wins, whatever the order");
  map->field<&Listener::max_connections>(
      "max_connections", count(),
      "Open connections (`udp`: sessions); `0`: no bound (`udp`: 65536)");
  map->field<&Listener::max_connections_per_source>("max_connections_per_source", count(),
                                                    "The same from one address; `0`: no bound");
  map->field<&Listener::accept_rate>("accept_rate", count(),
                                     "New connections or sessions a second; `0`: no bound");
  map->field<&Listener::backlog>("backlog", count({.min = 1, .max = kBacklogMax}),
                                 "Connections that wait in the kernel to be accepted");
  map->field<&Listener::unix_mode>("unix_mode", file_mode(),
                                   "Permissions of a unix socket's file, in octal");
  map->field<&Listener::log_connections>("log_connections", boolean(),
                                         "A line in the log for each connection that ended");
  map->field<&Listener::accept_proxy>("accept_proxy", accept_proxy(),
                                      "From whom a PROXY header is taken");
  add_socket_options(*map);
  map->field<&Listener::timeouts>("timeouts", timeouts(),
                                  "What differs from the `timeouts` of the document");
  map->stranger("tls_cert", "ending TLS here needs protocol http, which does not exist yet");
  map->stranger("port", "write address and port together: `bind: 0.0.0.0:8080`");
  map->stranger("listen", "did you mean `bind`?");
  map->stranger("address", "did you mean `bind`?");
  map->stranger("backend", "did you mean `pool`?");
  map->stranger("upstream", "did you mean `pool`?");
  return map;
}

ObjectPtr<EndpointDraft> endpoint() {
  using model::Endpoint;
  auto map = object<EndpointDraft>("endpoint");
  map->field<&Endpoint::address>("address", endpoint_address(),
                                 "`10.0.0.5:80`, `[2001:db8::1]:80`, `db.internal:5432`, "
                                 "`unix:/path`; a name stands for every "
                                 "address that it resolves to",
                                 Presence::required);
  map->field<&Endpoint::weight>("weight", count({.min = 1, .max = kWeightMax}),
                                "Its share where the balance looks at weights");
  map->field<&Endpoint::max_connections>("max_connections", count(),
                                         "Open connections of all workers; `0`: no bound");
  map->stranger("host", "did you mean `address`?");
  map->stranger("port", "write host and port together: `address: 10.0.0.5:80`");
  map->shorthand("address");
  return map;
}

ObjectPtr<Health> health() {
  auto map = object<Health>("health");
  map->field<&Health::type>("type", word<model::HealthType>({{"tcp", model::HealthType::tcp}}),
                            "`tcp`: healthy when a connection can be made");
  map->field<&Health::interval>("interval", duration({.min = 10ms, .max = kDurationMax}),
                                "From one probe to the next");
  map->field<&Health::timeout>("timeout", duration(kWait), "For a probe to succeed");
  map->field<&Health::unhealthy_threshold>("unhealthy_threshold",
                                           count({.min = 1, .max = kThresholdMax}),
                                           "Failures in a row before an endpoint is left out");
  map->field<&Health::healthy_threshold>("healthy_threshold",
                                         count({.min = 1, .max = kThresholdMax}),
                                         "Successes in a row before it is back");
  map->field<&Health::jitter_percent>(
      "jitter_percent", count({.min = 0, .max = kPercentMax}),
      "Of the interval, either way, so that probes do not march in step");
  map->stranger("path", "checks by http do not exist yet; `type` is tcp");
  return map;
}

ObjectPtr<Ejection> ejection() {
  auto map = object<Ejection>("ejection");
  map->field<&Ejection::enabled>("enabled", boolean(),
                                 "Leave endpoints out that connections cannot be made to");
  map->field<&Ejection::consecutive_failures>("consecutive_failures",
                                              count({.min = 1, .max = kThresholdMax}),
                                              "Of connecting, counted over all workers");
  map->field<&Ejection::base_time>("base_time", duration(kWait),
                                   "The first ejection; doubles each time in a row");
  map->field<&Ejection::max_time>("max_time", duration(kWait), "The longest");
  map->field<&Ejection::max_ejected_percent>(
      "max_ejected_percent", count({.min = 0, .max = kPercentMax}),
      "Of a pool's endpoints; one may always be ejected if another remains");
  return map;
}

ObjectPtr<PoolDraft> pool() {
  using model::Balance;
  using model::Pool;
  using model::SendProxy;
  auto map = object<PoolDraft>("pool");
  map->field<&Pool::name>("name", name(), "What listeners and routes call it; unique",
                          Presence::required);
  map->field<&Pool::balance>("balance",
                             word<Balance>({{"power_of_two", Balance::power_of_two},
                                            {"round_robin", Balance::round_robin},
                                            {"weighted_round_robin", Balance::weighted_round_robin},
                                            {"least_connections", Balance::least_connections},
                                            {"ip_hash", Balance::ip_hash}}),
                             "How an endpoint is chosen");
  map->field<&PoolDraft::endpoint_drafts>(
      "endpoints", list_of(endpoint(), {.min = 1, .max = kEndpointsMax}),
      "Who can serve; a plain address stands for a map with that `address`", Presence::required);
  map->field<&Pool::health>("health", optional_of(health()),
                            "Active checks; without it only `ejection` judges");
  map->field<&Pool::ejection>("ejection", ejection(), "What failed connections lead to");
  map->field<&Pool::connect_attempts>(
      "connect_attempts", count({.min = 1, .max = 16}),
      "Different endpoints tried for one connection, the first included");
  map->field<&Pool::queue_size>("queue_size", count({.min = 0, .max = 1U << 20U}),
                                "Connections that may wait for a slot; `0`: refuse at once");
  map->field<&Pool::queue_timeout>("queue_timeout", optional_of(duration(kWait)),
                                   "Instead of the listener's `timeouts.queue`");
  map->field<&Pool::connect_timeout>("connect_timeout", optional_of(duration(kWait)),
                                     "Instead of the listener's `timeouts.connect`");
  map->field<&Pool::send_proxy>(
      "send_proxy",
      word<SendProxy>({{"off", SendProxy::off}, {"v1", SendProxy::v1}, {"v2", SendProxy::v2}}),
      "The PROXY header that endpoints are sent first");
  map->stranger("algorithm", "did you mean `balance`?");
  map->stranger("strategy", "did you mean `balance`?");
  map->stranger("servers", "did you mean `endpoints`?");
  map->stranger("backends", "did you mean `endpoints`?");
  map->stranger("health_check", "did you mean `health`?");
  return map;
}

}  // namespace

CodecOf<Draft> make_schema() {
  auto map = object<Draft>("");
  map->field<&Draft::workers>("workers", automatic_count({.min = 1, .max = kWorkersMax}),
                              "Loops that carry traffic; `auto`: one for each core it may use");
  map->field<&Draft::affinity>("cpu_affinity", affinity(),
                               "Cores of the workers; `auto`: each on its own");
  map->field<&Draft::limits>("limits", limits(), "Bounds of the whole process");
  map->field<&Draft::timeouts>("timeouts", timeouts(),
                               "How long to wait for what, unless a listener says otherwise");
  map->field<&Draft::dns>("dns", dns(), "How names are resolved");
  map->field<&Draft::logging>("logging", logging(), "The operational log");
  map->field<&Draft::listeners>("listeners", list_of(listener(), {.min = 1, .max = kListenersMax}),
                                "Where we accept", Presence::required);
  map->field<&Draft::pools>("pools", list_of(pool(), {.min = 1, .max = kPoolsMax}), "Who can serve",
                            Presence::required);
  map->stranger("control", "the API arrives with a later version; leave it out");
  map->stranger("backends", "did you mean `pools`?");
  map->stranger("upstreams", "did you mean `pools`?");
  map->stranger("frontends", "did you mean `listeners`?");
  map->stranger("servers", "did you mean `listeners` or `pools`?");
  return map;
}

}  // namespace causeway::control
