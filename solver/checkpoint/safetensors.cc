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
      absl::StrCat(name, ": damaged or no safetensors file: ", what));
}

// Numbers whose exponent bits are all set: NaN and infinities. `first` becomes
// the place of the first one.
template <typename Bits>
size_t CountNotFinite(absl::string_view bytes, Bits exponent, size_t& first) {
  // Blocks that the compiler turns into vector code; few hold any.
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
                   " (counted from 0); take weights from before that"));
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
  simdjson::dom::parser parser;
  simdjson::dom::object header;
  if (parser.parse(bytes.data() + 8, header_bytes).get(header) !=
      simdjson::SUCCESS) {
    return Damaged(name, "the header at offset 8 is no JSON object");
  }
  const uint64_t data_start = 8 + header_bytes;
  const uint64_t data_bytes = bytes.size() - data_start;
  std::vector<std::pair<uint64_t, uint64_t>> spans;
  for (const auto field : header) {
    const std::string key(field.key);
    simdjson::dom::object value;
    if (field.value.get(value) != simdjson::SUCCESS) {
      return Damaged(name, absl::StrCat("\"", key, "\" is no object"));
    }
    if (key == "__metadata__") {
      for (const auto item : value) {
        std::string_view item_text;
        if (item.value.get(item_text) != simdjson::SUCCESS) {
          return Damaged(name, "__metadata__ holds something but strings");
        }
        file.metadata_[std::string(item.key)] = std::string(item_text);
      }
      continue;
    }
    TensorEntry entry;
    std::string_view dtype;
    simdjson::dom::array shape;
    simdjson::dom::array offsets;
    uint64_t begin = 0;
    uint64_t end = 0;
    if (value["dtype"].get(dtype) != simdjson::SUCCESS ||
        value["shape"].get(shape) != simdjson::SUCCESS ||
        value["data_offsets"].get(offsets) != simdjson::SUCCESS ||
        offsets.size() != 2 || offsets.at(0).get(begin) != simdjson::SUCCESS ||
        offsets.at(1).get(end) != simdjson::SUCCESS) {
      return Damaged(name, absl::StrCat("the entry of \"", key,
                                        "\" lacks dtype, shape or offsets"));
    }
    entry.dtype = std::string(dtype);
    uint64_t expected = static_cast<uint64_t>(DtypeBytes(entry.dtype));
    if (expected == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": \"", key, "\" has numbers of the type ",
                       absl::Utf8SafeCHexEscape(
                           absl::string_view(entry.dtype).substr(0, 40)),
                       ", which is not read; convert it to F32, F16 or BF16"));
    }
    for (const auto size : shape) {
      uint64_t n = 0;
      if (size.get(n) != simdjson::SUCCESS || n > bytes.size()) {
        return Damaged(name, absl::StrCat("\"", key, "\" has a bad shape"));
      }
      entry.shape.push_back(static_cast<int64_t>(n));
      expected *= n;
      if (expected > bytes.size()) break;
    }
    if (begin > end || end > data_bytes || end - begin != expected) {
      return Damaged(name, absl::StrCat("\"", key, "\" claims bytes ", begin,
                                        "-", end, " of ", data_bytes,
                                        " where its shape needs ", expected));
    }
    entry.bytes =
        absl::string_view(bytes.data() + data_start + begin, end - begin);
    spans.emplace_back(begin, end);
    if (!file.tensors_.emplace(key, std::move(entry)).second) {
      return Damaged(name, absl::StrCat("\"", key, "\" stands twice"));
    }
  }
  std::sort(spans.begin(), spans.end());
  uint64_t covered = 0;
  for (const auto& [begin, end] : spans) {
    if (begin != covered) {
      return Damaged(name,
                     absl::StrCat("tensors overlap or leave a gap at ", begin));
    }
    covered = end;
  }
  if (covered != data_bytes) {
    return Damaged(
        name, absl::StrCat(data_bytes - covered, " bytes too many at the end"));
  }
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
