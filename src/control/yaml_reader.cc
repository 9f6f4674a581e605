// SPDX-License-Identifier: Apache-2.0
#include "control/yaml_reader.h"

#include <fmt/format.h>
#include <yaml-cpp/anchor.h>
#include <yaml-cpp/depthguard.h>
#include <yaml-cpp/emitterstyle.h>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/node/node.h>  // IWYU pragma: keep
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/diagnostic.h"
#include "control/document.h"
#include "control/source_text.h"
#include "control/tree_builder.h"

namespace causeway::control {
namespace {

constexpr std::size_t kAnchorsMax = 1024;
constexpr std::string_view kAlphabetDecimal = "0123456789";
constexpr std::string_view kAlphabetHex = "0123456789abcdefABCDEF";
constexpr std::string_view kAlphabetOctal = "01234567";

bool is_all(std::string_view text, std::string_view alphabet) noexcept {
  return !text.empty() && text.find_first_not_of(alphabet) == std::string_view::npos;
}

void skip_digits(std::string_view& text, std::size_t& digits) noexcept {
  while (!text.empty() && text.front() >= '0' && text.front() <= '9') {
    text.remove_prefix(1);
    ++digits;
  }
}

// Whether a plain scalar is a number of the core schema (YAML 1.2.2 section 10.3.2).
bool is_number(std::string_view text) noexcept {
  if (text.starts_with("0o")) return is_all(text.substr(2), kAlphabetOctal);
  if (text.starts_with("0x")) return is_all(text.substr(2), kAlphabetHex);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  if (is_all(text, kAlphabetDecimal)) return true;
  std::size_t digits = 0;
  skip_digits(text, digits);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    skip_digits(text, digits);
  }
  if (digits == 0) return false;
  if (text.empty()) return true;
  if (text.front() != 'e' && text.front() != 'E') return false;
  text.remove_prefix(1);
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return is_all(text, kAlphabetDecimal);
}

// Positions are bytes, since the text is UTF-8 without a byte order mark; some errors have none.
std::size_t offset_of(const YAML::Mark& mark) noexcept {
  return mark.pos < 0 ? 0 : static_cast<std::size_t>(mark.pos);
}

// The commonest mistake of all, of which the parser only sees the consequences.
std::string_view hint_at(std::string_view text, std::size_t offset) noexcept {
  const auto before = text.substr(0, std::min(offset, text.size()));
  const auto newline = before.rfind('\n');
  const auto line = text.substr(newline == std::string_view::npos ? 0 : newline + 1);
  const auto indent = line.substr(0, line.find_first_not_of(" \t"));
  return indent.find('\t') == std::string_view::npos ? ""
                                                     : "YAML is indented with spaces, not tabs";
}

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return text;
}

// Takes yaml-cpp's events. Anchors are kept only once their node is finished, so an alias cannot
// stand inside what it stands for; what they hold together is bounded like a document. After the
// first thing that the tree has no place for, the rest of the events is passed over.
class Events final : public YAML::EventHandler {
 public:
  explicit Events(TreeBuilder& builder) : builder_(builder) {}

  void OnDocumentStart(const YAML::Mark& mark) override { start_ = offset_of(mark); }
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (has_given_up()) return;
    if (builder_.wants_key()) return builder_.key("null", offset_of(mark));
    builder_.scalar(Node::Kind::null, {}, offset_of(mark));
    keep(anchor, mark);
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    if (has_given_up()) return;
    if (builder_.wants_key()) return builder_.key(value, offset_of(mark));
    const bool is_plain = tag == "?" || tag.empty();
    if (!is_plain && tag != "!" && tag != "tag:yaml.org,2002:str") return refuse_tag(mark);
    const auto kind = is_plain ? kind_of_plain(value) : Node::Kind::string;
    builder_.scalar(kind, kind == Node::Kind::boolean ? lower(value) : value, offset_of(mark));
    keep(anchor, mark);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (has_given_up()) return;
    if (builder_.wants_key()) return give_up(mark, "a key cannot be an alias");
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      return give_up(mark, "an alias cannot stand inside its own anchor");
    }
    builder_.copy(found->second);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    if (opens(mark, tag, anchor)) builder_.begin_list(offset_of(mark));
  }
  void OnSequenceEnd() override { close(); }

  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    if (opens(mark, tag, anchor)) builder_.begin_map(offset_of(mark));
  }
  void OnMapEnd() override { close(); }

  // Says what the tree had no place for. Not to be called when the parser itself found a mistake:
  // then what looked strange was most likely a consequence.
  void complain() {
    if (complaint_) builder_.fail(complaint_->code, complaint_->offset, complaint_->message);
  }
  // Where the document began.
  [[nodiscard]] std::size_t start() const noexcept { return start_; }

 private:
  struct Complaint {
    Code code;
    std::size_t offset;
    std::string message;
  };
  struct Open {
    YAML::anchor_t anchor;
    YAML::Mark mark;
  };

  [[nodiscard]] bool has_given_up() const noexcept {
    return has_given_up_ || builder_.has_stopped();
  }

  void give_up(const YAML::Mark& mark, std::string_view message) {
    complaint_ = {.code = Code::syntax, .offset = offset_of(mark), .message = std::string(message)};
    has_given_up_ = true;
  }

  void refuse_tag(const YAML::Mark& mark) {
    give_up(mark, "tags such as `!!binary` are not taken");
  }

  bool opens(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor) {
    if (has_given_up()) return false;
    if (!tag.empty() && tag != "?" && tag != "!")
      refuse_tag(mark);
    else if (builder_.wants_key())
      give_up(mark, "a key is a plain word, not a list or a map");
    if (has_given_up()) return false;
    open_.push_back({.anchor = anchor, .mark = mark});
    return true;
  }

  void close() {
    if (has_given_up()) return;
    const Open finished = open_.back();
    open_.pop_back();
    builder_.end();
    keep(finished.anchor, finished.mark);
  }

  void keep(YAML::anchor_t anchor, const YAML::Mark& mark) {
    if (anchor == 0 || has_given_up()) return;
    anchored_nodes_ += count_nodes(builder_.last());
    if (anchored_nodes_ > kDocumentNodesMax || anchors_.size() >= kAnchorsMax) {
      complaint_ = {.code = Code::too_large,
                    .offset = offset_of(mark),
                    .message = fmt::format("more than {} anchors, or more than {} values in them",
                                           kAnchorsMax, kDocumentNodesMax)};
      has_given_up_ = true;
      return;
    }
    anchors_.emplace(anchor, builder_.last());
  }

  TreeBuilder& builder_;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, Node> anchors_;
  std::size_t anchored_nodes_ = 0;
  std::size_t start_ = 0;
  std::optional<Complaint> complaint_;
  bool has_given_up_ = false;
};

}  // namespace

Node::Kind kind_of_plain(std::string_view text) noexcept {
  static constexpr std::array<std::string_view, 6> kBooleans = {"true",  "True",  "TRUE",
                                                                "false", "False", "FALSE"};
  if (std::ranges::find(kBooleans, text) != kBooleans.end()) return Node::Kind::boolean;
  return is_number(text) ? Node::Kind::number : Node::Kind::string;
}

std::optional<Node> read_yaml(const Sources& sources, std::uint32_t source,
                              Diagnostics& diagnostics) {
  TreeBuilder builder(sources, source, diagnostics);
  const std::string text(sources.at(source).text());
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    Events events(builder);
    if (!parser.HandleNextDocument(events)) {
      builder.begin_map(0);  // an empty file is a configuration without keys
      builder.end();
    } else {
      Diagnostics ignored;
      TreeBuilder second(sources, source, ignored);
      Events second_events(second);
      if (parser.HandleNextDocument(second_events)) {
        builder.fail(Code::syntax, second_events.start(), "a second YAML document begins here");
      }
    }
    events.complain();
  } catch (const YAML::DeepRecursion& e) {
    builder.fail(Code::too_deep, offset_of(e.mark),
                 fmt::format("nested more than {} levels deep", kDocumentDepthMax));
  } catch (const YAML::Exception& e) {
    builder.fail(Code::syntax, offset_of(e.mark), e.msg,
                 std::string(hint_at(text, offset_of(e.mark))));
  } catch (const std::exception&) {
    builder.fail(Code::syntax, 0, "the text is not YAML");
  }
  return builder.take();
}

}  // namespace causeway::control
