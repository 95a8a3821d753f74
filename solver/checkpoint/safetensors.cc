// SPDX-License-Identifier: MIT
#include "solver/checkpoint/safetensors.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "base/files.h"
#include "base/status.h"
#include "nlohmann/json.hpp"
#include "simdjson.h"

namespace arctrm::internal {
namespace {

constexpr uint64_t kMaxHeaderBytes = 100u << 20;

absl::Status Damaged(absl::string_view name, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat(name, ": damaged or not a safetensors file: ", what));
}

// Counts NaN and infinities, whose exponent bits are all set. Sets `first` to
// the index of the first one.
template <typename Bits>
size_t CountNotFinite(absl::string_view bytes, Bits exponent, size_t& first) {
  // Counts in blocks, which compilers vectorise; few blocks contain any.
  constexpr size_t kBlock = 4096 / sizeof(Bits);
  const size_t numbers = bytes.size() / sizeof(Bits);
  std::array<Bits, kBlock> block = {};
  size_t count = 0;
  for (size_t start = 0; start < numbers; start += kBlock) {
    const size_t size = std::min(kBlock, numbers - start);
    std::memcpy(block.data(), bytes.data() + start * sizeof(Bits),
                size * sizeof(Bits));
    size_t found = 0;
    for (size_t i = 0; i < size; ++i) {
      found += (block[i] & exponent) == exponent ? 1 : 0;
    }
    for (size_t i = 0; count == 0 && found > 0 && i < size; ++i) {
      if ((block[i] & exponent) != exponent) continue;
      first = start + i;
      break;
    }
    count += found;
  }
  return count;
}

// The length of the JSON header at the beginning of the file.
absl::StatusOr<uint64_t> HeaderBytes(const std::string& bytes,
                                     absl::string_view name) {
  if (bytes.size() < 8) {
    return Damaged(name, absl::StrCat("only ", bytes.size(), " bytes"));
  }
  uint64_t header_bytes = 0;
  std::memcpy(&header_bytes, bytes.data(), 8);
  if (header_bytes > kMaxHeaderBytes || header_bytes > bytes.size() - 8) {
    return Damaged(name, absl::StrCat("the header claims ", header_bytes,
                                      " bytes, the file has ", bytes.size() - 8,
                                      " after offset 8"));
  }
  return header_bytes;
}

absl::Status ParseMetadata(const simdjson::dom::object& object,
                           absl::string_view name,
                           std::map<std::string, std::string>& metadata) {
  for (const auto item : object) {
    std::string_view text;
    if (item.value.get(text) != simdjson::SUCCESS) {
      return Damaged(name,
                     "__metadata__ contains a value that is not a string");
    }
    metadata[std::string(item.key)] = std::string(text);
  }
  return absl::OkStatus();
}

// Reads the shape of an entry, and multiplies `bytes`, the bytes of an element,
// by its sizes. Stops when `bytes` exceeds `file_bytes`.
absl::Status ParseShape(const simdjson::dom::array& array, uint64_t file_bytes,
                        uint64_t& bytes, std::vector<int64_t>& shape) {
  for (const auto size : array) {
    uint64_t n = 0;
    if (size.get(n) != simdjson::SUCCESS || n > file_bytes) {
      return absl::DataLossError("bad shape");
    }
    shape.push_back(static_cast<int64_t>(n));
    bytes *= n;
    if (bytes > file_bytes) break;
  }
  return absl::OkStatus();
}

using Span = std::pair<uint64_t, uint64_t>;  // begin and end in the data

// Parses the entry `key` of the header into `entry` without its bytes, and
// returns their place in the data of `data_bytes` bytes.
absl::StatusOr<Span> ParseEntry(const simdjson::dom::object& object,
                                const std::string& key, absl::string_view name,
                                uint64_t file_bytes, uint64_t data_bytes,
                                TensorEntry& entry) {
  std::string_view dtype;
  simdjson::dom::array shape;
  simdjson::dom::array offsets;
  uint64_t begin = 0;
  uint64_t end = 0;
  if (object["dtype"].get(dtype) != simdjson::SUCCESS ||
      object["shape"].get(shape) != simdjson::SUCCESS ||
      object["data_offsets"].get(offsets) != simdjson::SUCCESS ||
      offsets.size() != 2 || offsets.at(0).get(begin) != simdjson::SUCCESS ||
      offsets.at(1).get(end) != simdjson::SUCCESS) {
    return Damaged(name, absl::StrCat("the entry of \"", key,
                                      "\" lacks dtype, shape or offsets"));
  }
  entry.dtype = std::string(dtype);
  uint64_t expected = static_cast<uint64_t>(DtypeBytes(entry.dtype));
  if (expected == 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": \"", key, "\" has numbers of the type ",
        absl::Utf8SafeCHexEscape(absl::string_view(entry.dtype).substr(0, 40)),
        ", which is not read; convert it to F32, F16 or BF16"));
  }
  if (!ParseShape(shape, file_bytes, expected, entry.shape).ok()) {
    return Damaged(name, absl::StrCat("\"", key, "\" has a bad shape"));
  }
  if (begin > end || end > data_bytes || end - begin != expected) {
    return Damaged(name, absl::StrCat("\"", key, "\" claims bytes ", begin, "-",
                                      end, " of ", data_bytes,
                                      " where its shape needs ", expected));
  }
  return Span(begin, end);
}

// The tensors must cover the data without overlaps and gaps.
absl::Status CheckCoverage(std::vector<Span> spans, uint64_t data_bytes,
                           absl::string_view name) {
  std::sort(spans.begin(), spans.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != covered) {
      return Damaged(name,
                     absl::StrCat("tensors overlap or leave a gap at ", begin));
    }
    covered = end;
  }
  if (covered == data_bytes) return absl::OkStatus();
  return Damaged(name,
                 absl::StrCat(data_bytes - covered, " extra bytes at the end"));
}

}  // namespace

absl::Status CheckFinite(absl::string_view name, absl::string_view dtype,
                         absl::string_view bytes) {
  size_t first = 0;
  size_t count = 0;
  if (dtype == "F32") {
    count = CountNotFinite<uint32_t>(bytes, 0x7f800000, first);
  } else if (dtype == "F64") {
    count = CountNotFinite<uint64_t>(bytes, 0x7ff0000000000000, first);
  } else if (dtype == "BF16") {
    count = CountNotFinite<uint16_t>(bytes, 0x7f80, first);
  } else if (dtype == "F16") {
    count = CountNotFinite<uint16_t>(bytes, 0x7c00, first);
  }
  if (count == 0) return absl::OkStatus();
  const size_t numbers = bytes.size() / static_cast<size_t>(DtypeBytes(dtype));
  return absl::DataLossError(
      absl::StrCat(name, ": ", count, " of its ", numbers,
                   " numbers are NaN or infinite, first number ", first,
                   " (counted from 0); use earlier weights"));
}

absl::Status CheckAllFinite(const SafetensorsFile& file) {
  for (const auto& [name, entry] : file.tensors()) {
    ARCTRM_RETURN_IF_ERROR(CheckFinite(name, entry.dtype, entry.bytes));
  }
  return absl::OkStatus();
}

int64_t DtypeBytes(absl::string_view dtype) {
  for (const absl::string_view known : {"F64", "I64", "U64", "C64"}) {
    if (dtype == known) return 8;
  }
  for (const absl::string_view known : {"F32", "I32", "U32"}) {
    if (dtype == known) return 4;
  }
  for (const absl::string_view known : {"F16", "BF16", "I16", "U16"}) {
    if (dtype == known) return 2;
  }
  for (const absl::string_view known :
       {"U8", "I8", "BOOL", "F8_E4M3", "F8_E5M2", "F8_E8M0", "F8_E4M3FNUZ",
        "F8_E5M2FNUZ"}) {
    if (dtype == known) return 1;
  }
  return 0;
}

bool IsFloatDtype(absl::string_view dtype) {
  return dtype == "F32" || dtype == "F64" || dtype == "BF16" || dtype == "F16";
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Read(absl::string_view path) {
  ARCTRM_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path));
  return Parse(std::move(bytes), path);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Parse(std::string text,
                                                       absl::string_view name) {
  SafetensorsFile file;
  file.bytes_ = std::make_unique<const std::string>(std::move(text));
  const std::string& bytes = *file.bytes_;
  ARCTRM_ASSIGN_OR_RETURN(const uint64_t header_bytes,
                          HeaderBytes(bytes, name));
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  if (parser.parse(bytes.data() + 8, header_bytes).get(header) !=
      simdjson::SUCCESS) {
    return Damaged(name, "the header at offset 8 is not a JSON object");
  }
  const uint64_t data_start = 8 + header_bytes;
  const uint64_t data_bytes = bytes.size() - data_start;
  std::vector<Span> spans;
  for (const auto field : header) {
    const std::string key(field.key);
    simdjson::dom::object value;
    if (field.value.get(value) != simdjson::SUCCESS) {
      return Damaged(name, absl::StrCat("\"", key, "\" is not an object"));
    }
    if (key == "__metadata__") {
      ARCTRM_RETURN_IF_ERROR(ParseMetadata(value, name, file.metadata_));
      continue;
    }
    TensorEntry entry;
    ARCTRM_ASSIGN_OR_RETURN(
        const Span span,
        ParseEntry(value, key, name, bytes.size(), data_bytes, entry));
    entry.bytes = absl::string_view(bytes.data() + data_start + span.first,
                                    span.second - span.first);
    spans.push_back(span);
    if (!file.tensors_.emplace(key, std::move(entry)).second) {
      return Damaged(name, absl::StrCat("\"", key, "\" is listed twice"));
    }
  }
  ARCTRM_RETURN_IF_ERROR(CheckCoverage(std::move(spans), data_bytes, name));
  return file;
}

const TensorEntry* SafetensorsFile::Find(const std::string& name) const {
  const auto it = tensors_.find(name);
  return it == tensors_.end() ? nullptr : &it->second;
}

std::string SafetensorsBytes(
    const std::vector<TensorToWrite>& tensors,
    const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  uint64_t offset = 0;
  for (const TensorToWrite& tensor : tensors) {
    header[tensor.name] = {
        {"dtype", tensor.dtype},
        {"shape", tensor.shape},
        {"data_offsets", {offset, offset + tensor.bytes.size()}}};
    offset += tensor.bytes.size();
  }
  std::string text = header.dump();
  text.append((8 - text.size() % 8) % 8, ' ');
  std::string out;
  out.reserve(8 + text.size() + offset);
  const uint64_t header_bytes = text.size();
  out.append(reinterpret_cast<const char*>(&header_bytes), 8);
  out += text;
  for (const TensorToWrite& tensor : tensors) {
    out.append(tensor.bytes.data(), tensor.bytes.size());
  }
  return out;
}

}  // namespace arctrm::internal
