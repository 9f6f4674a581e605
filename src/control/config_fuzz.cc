// SPDX-License-Identifier: Apache-2.0
// The loader against anything: the first byte chooses the language, the rest is the document.
// Whatever loads must also be shown and load again as the same Snapshot; whatever does not must say
// why.
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>

#include "base/assert.h"
#include "control/diagnostic.h"
#include "control/document.h"
#include "control/loader.h"
#include "control/node_writer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace causeway::control;
  if (size == 0) return 0;
  constexpr const char* kNames[] = {"f.yaml", "f.toml", "f.json", "f"};
  const char* name = kNames[data[0] % 4];
  std::string text(data + 1, data + size);

  ConfigSources from;
  from.environment = {{"PORT", "8080"}, {"NAME", "${PORT}"}};
  const Loaded loaded = load_text(name, std::move(text), from);
  const std::string report = render(loaded.diagnostics, loaded.sources, Colour::off);
  CW_ASSERT((loaded.snapshot == nullptr) == loaded.diagnostics.has_errors());
  CW_ASSERT(loaded.snapshot != nullptr || !report.empty());
  for (const char c : report) CW_ASSERT(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
  if (loaded.snapshot == nullptr) return 0;

  const Node shown = effective(loaded, Values::all);
  const Loaded yaml = load_text("s.yaml", to_yaml(shown, loaded.sources, Origins::shown), {});
  CW_ASSERT(yaml.snapshot != nullptr && *yaml.snapshot == *loaded.snapshot);
  const Loaded json = load_text("s.json", to_json(shown), {});
  CW_ASSERT(json.snapshot != nullptr && *json.snapshot == *loaded.snapshot);
  return 0;
}
