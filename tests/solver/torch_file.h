// SPDX-License-Identifier: MIT
// Hand-made files in the form of torch.save, protocol 2.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace arctrm::internal {

inline std::string LittleEndian(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) {
    out += i < 8 ? static_cast<char>(value >> (8 * i) & 0xff) : '\0';
  }
  return out;
}

inline std::string PickledText(absl::string_view text) {
  return absl::StrCat("X", LittleEndian(text.size(), 4), text);
}
inline std::string PickledInt(int64_t value) {
  return "\x8a\x08" + LittleEndian(static_cast<uint64_t>(value), 8);
}
inline std::string PickledTuple(const std::vector<int64_t>& values) {
  std::string out = "(";
  for (const int64_t value : values) out += PickledInt(value);
  return out + "t";
}
// A call of "module name" in a pickle.
inline std::string PickledCall(absl::string_view module, absl::string_view name,
                               absl::string_view args) {
  return absl::StrCat("c", module, "\n", name, "\n(", args, "tR");
}

using PickledEntries = std::vector<std::pair<std::string, std::string>>;

// {key: value, …} with pickled values.
inline std::string PickledDict(const PickledEntries& entries) {
  std::string out = "}(";
  for (const auto& [key, value] : entries) out += PickledText(key) + value;
  return out + "u";
}

// Collects the records of a file.
class TorchFile {
 public:
  // The pickle of a float32 tensor with all numbers `value`.
  std::string Tensor(const std::vector<int64_t>& shape, float value) {
    size_t count = 1;
    for (const int64_t size : shape) count *= static_cast<size_t>(size);
    std::vector<float> numbers(count, value);
    return Raw(
        "FloatStorage", shape, static_cast<int64_t>(count),
        {reinterpret_cast<const char*>(numbers.data()), count * sizeof(float)});
  }
  std::string Long(int64_t value) {
    return Raw("LongStorage", {}, 1,
               LittleEndian(static_cast<uint64_t>(value), 8));
  }
  std::string Raw(absl::string_view storage, const std::vector<int64_t>& shape,
                  int64_t count, absl::string_view bytes) {
    const std::string record = absl::StrCat(records_.size());
    records_.emplace_back("data/" + record, bytes);
    std::vector<int64_t> stride(shape.size(), 1);
    for (size_t i = shape.size(); i-- > 1;) {
      stride[i - 1] = stride[i] * shape[i];
    }
    return PickledCall(
        "torch._utils", "_rebuild_tensor_v2",
        absl::StrCat("(", PickledText("storage"), "ctorch\n", storage, "\n",
                     PickledText(record), PickledText("cpu"), PickledInt(count),
                     "tQ", PickledInt(0), PickledTuple(shape),
                     PickledTuple(stride), "\x89",
                     PickledCall("collections", "OrderedDict", "")));
  }
  void AddRecord(const std::string& name, const std::string& bytes) {
    records_.emplace_back(name, bytes);
  }

  // The whole file with the value `root`.
  std::string Zip(const std::string& root) const {
    auto records = records_;
    records.emplace_back("data.pkl", "\x80\x02" + root + ".");
    records.emplace_back("byteorder", "little");
    return ZipOf(records);
  }

  // An archive of stored members in a folder "archive".
  static std::string ZipOf(
      const std::vector<std::pair<std::string, std::string>>& members,
      const std::string& folder = "archive/") {
    std::string out;
    std::string directory;
    for (const auto& [short_name, bytes] : members) {
      const std::string name = folder + short_name;
      const auto crc = crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()),
                               bytes.size());
      const std::string common = absl::StrCat(
          std::string("\x14\0\0\0\0\0\0\0\0\0", 10), LittleEndian(crc, 4),
          LittleEndian(bytes.size(), 4), LittleEndian(bytes.size(), 4),
          LittleEndian(name.size(), 2), LittleEndian(0, 2));
      absl::StrAppend(&directory, "PK\x01\x02", LittleEndian(20, 2), common,
                      LittleEndian(0, 10), LittleEndian(out.size(), 4), name);
      absl::StrAppend(&out, "PK\x03\x04", common, name, bytes);
    }
    const size_t at = out.size();
    absl::StrAppend(&out, directory, "PK\x05\x06", LittleEndian(0, 4),
                    LittleEndian(members.size(), 2),
                    LittleEndian(members.size(), 2),
                    LittleEndian(directory.size(), 4), LittleEndian(at, 4),
                    LittleEndian(0, 2));
    return out;
  }

 private:
  std::vector<std::pair<std::string, std::string>> records_;
};

}  // namespace arctrm::internal
