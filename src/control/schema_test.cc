// SPDX-License-Identifier: Apache-2.0
#include "control/schema.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <ios>
#include <nlohmann/json.hpp>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <valijson/adapters/nlohmann_json_adapter.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validation_results.hpp>
#include <valijson/validator.hpp>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/document_reader.h"
#include "control/loader.h"
#include "control/node_writer.h"
#include "control/source_text.h"
#include "control/test_documents.h"

namespace causeway::control {
namespace {

using Json = nlohmann::json;
constexpr std::string_view kBegin = "<!-- reference: begin -->\n\n";
constexpr std::string_view kEnd = "\n<!-- reference: end -->";

class PublishedSchema : public testing::Test {
 protected:
  PublishedSchema() {
    text_ = Json::parse(to_json(json_schema(*make_schema())));
    const valijson::adapters::NlohmannJsonAdapter adapter(text_);
    valijson::SchemaParser().populateSchema(adapter, schema_);
  }

  // Empty when the document is valid, else the first complaint.
  std::string complaint(const Node& document) {
    const Json value = Json::parse(to_json(document));
    const valijson::adapters::NlohmannJsonAdapter adapter(value);
    valijson::ValidationResults results;
    valijson::Validator validator;
    if (validator.validate(schema_, adapter, &results)) return {};
    valijson::ValidationResults::Error error;
    return results.popError(error) ? error.description : "invalid";
  }

  static std::optional<Node> tree_of(const std::filesystem::path& file) {
    const auto text = read_file(file.string(), kDocumentBytesMax);
    if (!text) return std::nullopt;
    Sources sources;
    Diagnostics diagnostics;
    auto root = read_document("f", *text, language_of(file.string(), *text), sources, diagnostics);
    if (diagnostics.has_errors()) root.reset();
    return root;
  }

  Json text_;
  valijson::Schema schema_;
};

TEST_F(PublishedSchema, is_draft_2020_12_and_closed) {
  EXPECT_EQ(text_["$schema"], "https://json-schema.org/draft/2020-12/schema");
  EXPECT_EQ(text_["additionalProperties"], false);
  EXPECT_EQ(text_["required"], Json({"listeners", "pools"}));
}

TEST_F(PublishedSchema, says_defaults_words_bounds_and_descriptions) {
  const Json& properties = text_["properties"];
  EXPECT_EQ(properties["limits"]["properties"]["buffer_size"]["default"], "16KiB");
  const Json& level = properties["logging"]["properties"]["level"];
  EXPECT_EQ(level["default"], "info");
  EXPECT_EQ(level["anyOf"][0]["enum"].size(), 6U);
  EXPECT_FALSE(level["description"].get<std::string>().empty());
  const Json& endpoint = properties["pools"]["items"]["properties"]["endpoints"]["items"]["anyOf"];
  EXPECT_EQ(endpoint[0]["type"], "string");
  EXPECT_EQ(endpoint[1]["properties"]["weight"]["anyOf"][0]["maximum"], 65535);
}

TEST_F(PublishedSchema, takes_every_document_that_the_check_takes) {
  auto files = documents_in(CAUSEWAY_SOURCE_DIR "/examples");
  for (const auto& file : documents_in(CAUSEWAY_SOURCE_DIR "/tests/golden/config"))
    files.push_back(file);
  ConfigSources from;
  from.environment = {{"WORKERS", "2"}};
  std::size_t validated = 0;
  for (const auto& file : files) {
    from.path = file.string();
    if (!load(from).snapshot) continue;
    const auto tree = tree_of(file);
    ASSERT_TRUE(tree) << file;
    EXPECT_EQ(complaint(*tree), "") << file;
    ++validated;
  }
  EXPECT_GE(validated, 15U);
}

TEST_F(PublishedSchema, takes_the_effective_configuration) {
  const Loaded loaded = load_text("f.yaml", std::string(kSmallest), {});
  ASSERT_TRUE(loaded.snapshot);
  EXPECT_EQ(complaint(effective(loaded, Values::all)), "");
}

TEST_F(PublishedSchema, refuses_what_the_reader_refuses_by_structure) {
  std::size_t refused = 0;
  for (const auto& file : documents_in(CAUSEWAY_SOURCE_DIR "/tests/golden/config")) {
    const auto tree = tree_of(file);
    if (!tree) continue;
    ConfigSources from;
    from.path = file.string();
    const Loaded loaded = load(from);
    bool is_structural = false;
    for (const Diagnostic& diagnostic : loaded.diagnostics.all()) {
      is_structural = is_structural || diagnostic.code == Code::unknown_key ||
                      diagnostic.code == Code::wrong_type || diagnostic.code == Code::bad_unit;
    }
    if (!is_structural) continue;
    EXPECT_NE(complaint(*tree), "") << file;
    ++refused;
  }
  EXPECT_GE(refused, 8U);
}

TEST(Reference, the_tables_in_the_documentation_are_those_of_the_schema) {
  const std::string path = CAUSEWAY_SOURCE_DIR "/docs/configuration.md";
  const auto docs = read_file(path, kDocumentBytesMax);
  ASSERT_TRUE(docs);
  const auto begin = docs->find(kBegin);
  const auto end = docs->find(kEnd);
  ASSERT_NE(begin, std::string::npos);
  ASSERT_NE(end, std::string::npos);
  const std::string expected = reference_markdown(*make_schema());
  const std::string written = docs->substr(begin + kBegin.size(), end - begin - kBegin.size());
  if (std::getenv("CAUSEWAY_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary)
        << docs->substr(0, begin) << kBegin << expected << docs->substr(end);
    return;
  }
  EXPECT_EQ(written, expected);
}

}  // namespace
}  // namespace causeway::control
