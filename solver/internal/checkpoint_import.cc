// SPDX-License-Identifier: MIT
#include "solver/checkpoint_import.h"

#include <algorithm>
#include <fstream>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "augment/augmentation.h"
#include "base/files.h"
#include "base/status.h"
#include "caffe2/serialize/inline_container.h"
#include "simdjson.h"
#include "solver/internal/checkpoint.h"
#include "solver/internal/checkpoint_files.h"
#include "solver/internal/device.h"
#include "solver/internal/pickle.h"

namespace arctrm {
namespace {

using at::Tensor;
using internal::GetTensor;
using internal::Model;
using internal::PickledTensor;
using internal::SafetensorsFile;
using internal::ShapeText;
using Tensors = std::map<std::string, Tensor>;

constexpr char kTable[] = "inner.puzzle_emb.weights";

// The published name: compiled models and loss heads put words before it.
std::string PlainName(absl::string_view name) {
  for (bool stripped = true; stripped;) {
    stripped = absl::ConsumePrefix(&name, "_orig_mod.") ||
               absl::ConsumePrefix(&name, "module.") ||
               absl::ConsumePrefix(&name, "model.");
  }
  return absl::StartsWith(name, "inner.") ? std::string(name)
                                          : absl::StrCat("inner.", name);
}

absl::StatusOr<Tensor> ReadRecord(caffe2::serialize::PyTorchStreamReader& zip,
                                  const PickledTensor& wanted) {
  const std::string record = absl::StrCat("data/", wanted.storage);
  if (!zip.hasRecord(record)) {
    return absl::DataLossError(
        absl::StrCat(wanted.name, ": its numbers, ", record, ", are missing"));
  }
  const at::ScalarType type = internal::DtypeOf(wanted.dtype);
  const int64_t bytes =
      wanted.storage_size * internal::DtypeBytes(wanted.dtype);
  if (static_cast<int64_t>(zip.getRecordSize(record)) != bytes) {
    return absl::DataLossError(absl::StrCat(
        wanted.name, ": ", record, " holds ", zip.getRecordSize(record),
        " bytes, its description says ", bytes));
  }
  Tensor storage = at::empty({wanted.storage_size}, at::dtype(type));
  zip.getRecord(record, storage.mutable_data_ptr(), static_cast<size_t>(bytes));
  return storage.as_strided(wanted.shape, wanted.stride, wanted.offset)
      .to(at::kFloat)
      .contiguous();
}

absl::StatusOr<Tensors> ReadZip(const std::string& path) {
  caffe2::serialize::PyTorchStreamReader zip(path);
  if (!zip.hasRecord("data.pkl")) {
    return absl::DataLossError("a zip file without data.pkl");
  }
  if (zip.hasRecord("byteorder")) {
    auto [data, size] = zip.getRecord("byteorder");
    if (std::string(static_cast<const char*>(data.get()), size) != "little") {
      return absl::InvalidArgumentError(
          "its numbers are big-endian; save it on another machine");
    }
  }
  auto [data, size] = zip.getRecord("data.pkl");
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::Pickle pickle,
      internal::ParsePickle({static_cast<const char*>(data.get()), size}));
  ARCTRM_ASSIGN_OR_RETURN(const std::vector<PickledTensor> described,
                          internal::StateDictTensors(pickle));
  Tensors tensors;
  for (const PickledTensor& wanted : described) {
    ARCTRM_ASSIGN_OR_RETURN(tensors[PlainName(wanted.name)],
                            ReadRecord(zip, wanted));
  }
  return tensors;
}

absl::StatusOr<Tensors> ReadPt(const std::string& path) {
  try {
    return ReadZip(path);
  } catch (const c10::Error& e) {
    return absl::DataLossError(absl::StrCat(
        "damaged, or no zip of torch.save: ", e.what_without_backtrace()));
  }
}

absl::StatusOr<Tensors> ReadSafetensors(const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile file,
                          SafetensorsFile::Read(path));
  Tensors tensors;
  for (const auto& [name, entry] : file.tensors()) {
    ARCTRM_ASSIGN_OR_RETURN(const Tensor tensor, GetTensor(file, name, {}));
    tensors[PlainName(name)] = tensor.to(at::kFloat);
  }
  return tensors;
}

absl::StatusOr<Tensors> ReadAny(const std::string& path) {
  std::string start(2, '\0');
  if (!std::ifstream(path, std::ios::binary).read(start.data(), 2)) {
    return FileExists(path)
               ? absl::DataLossError("shorter than any form of weights")
               : absl::NotFoundError("no such file");
  }
  if (start == "PK") return ReadPt(path);  // torch.save's zip
  if (start[0] == '\x80') {
    return absl::InvalidArgumentError(
        "the old form of torch.save (before 1.6); load it there and save it "
        "again");
  }
  return ReadSafetensors(path);
}

// Sets what the tensors tell of the model.
absl::Status ReadShapes(const Tensors& tensors, ModelOptions& model) {
  const auto find = [&](const std::string& name) {
    const auto it = tensors.find(name);
    return it == tensors.end() ? Tensor() : it->second;
  };
  const std::string embed = "inner.embed_tokens.embedding_weight";
  const Tensor tokens = find(embed);
  if (!tokens.defined() || tokens.dim() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "holds no ", embed, ", so it is no TRM or HRM; it holds ",
        tensors.begin()->first, " and ", tensors.size() - 1, " others"));
  }
  model.vocabulary = static_cast<int>(tokens.size(0));
  model.hidden = static_cast<int>(tokens.size(1));
  for (const PuzzleKind kind :
       {PuzzleKind::kArc, PuzzleKind::kSudoku, PuzzleKind::kMaze}) {
    if (Vocabulary(kind) == model.vocabulary) {
      model.puzzle = PuzzleKindName(kind);
    }
  }
  const auto layer = [](const char* level, int i, const char* name) {
    return absl::StrCat("inner.", level, "_level.layers.", i, ".", name);
  };
  model.layers = 0;
  while (find(layer("L", model.layers, "mlp.down_proj.weight")).defined()) {
    ++model.layers;
  }
  model.arch =
      find(layer("H", 0, "mlp.down_proj.weight")).defined() ? "hrm" : "trm";
  model.mixer = find(layer("L", 0, "mlp_t.down_proj.weight")).defined();
  if (find("inner.embed_pos.embedding_weight").defined()) {
    model.positions = "learned";
  } else if (model.mixer && model.positions == "rope") {
    model.positions = "none";
  }
  return absl::OkStatus();
}

// Every parameter from the file, none left over.
absl::Status FillModel(const Tensors& tensors, Model& model) {
  at::NoGradGuard no_grad;
  std::map<std::string, std::vector<int64_t>> wanted;
  for (const auto& [name, parameter] : model.parameters()) {
    wanted[name] = parameter.sizes().vec();
  }
  const int64_t d = model.options().hidden;
  wanted["inner.H_init"] = wanted["inner.L_init"] = {d};
  for (const auto& [name, shape] : wanted) {
    const auto it = tensors.find(name);
    if (it == tensors.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("lacks ", name, " ", ShapeText(shape),
                       "; set the model's options as it was trained"));
    }
    if (it->second.sizes().vec() != shape) {
      return absl::InvalidArgumentError(absl::StrCat(
          name, " is ", ShapeText(it->second.sizes()), ", these options need ",
          ShapeText(shape), "; set the model's options as it was trained"));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (wanted.count(name) == 0 && name != kTable) {
      return absl::InvalidArgumentError(
          absl::StrCat("holds ", name, " ", ShapeText(tensor.sizes()),
                       ", which this model does not have"));
    }
  }
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    model.Part(model.flat(), i)
        .copy_(tensors.at(model.parameters()[i].first).view({-1}));
  }
  model.h_init.copy_(tensors.at("inner.H_init"));
  model.l_init.copy_(tensors.at("inner.L_init"));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> ReadIdentifiers(
    const std::string& path) {
  ARCTRM_ASSIGN_OR_RETURN(const std::string text, ReadFile(path));
  simdjson::dom::parser parser;
  simdjson::dom::array list;
  std::vector<std::string> names;
  if (parser.parse(text).get(list) != simdjson::SUCCESS) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": expected a list of names, as the dataset builders write"));
  }
  for (const simdjson::dom::element item : list) {
    std::string_view name;
    if (item.get(name) != simdjson::SUCCESS) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": entry ", names.size(), " is no name"));
    }
    names.emplace_back(name);
  }
  return names;
}

// Whose row is whose. The rows of one task come to stand together, the
// unchanged task first, as PuzzleIds wants them; `table` is put in that order.
absl::Status AssignRows(const std::vector<std::string>& names,
                        const std::string& path, CheckpointInfo& info,
                        Tensor& table) {
  if (static_cast<int64_t>(names.size()) != table.size(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        path, ": names ", names.size(), " rows, the file has ", table.size(0)));
  }
  struct Row {
    Augmentation augmentation;
    int64_t from = 0;
  };
  std::vector<std::string> order;
  std::map<std::string, std::vector<Row>> tasks;
  for (size_t i = 1; i < names.size(); ++i) {
    const absl::StatusOr<NamedAugmentation> name = ParseAugmentedName(names[i]);
    ARCTRM_RETURN_IF_ERROR(
        Annotate(name.status(), absl::StrCat(path, ": entry ", i)));
    std::vector<Row>& rows = tasks[name->task_id];
    if (rows.empty()) order.push_back(name->task_id);
    rows.push_back({name->augmentation, static_cast<int64_t>(i)});
  }
  std::vector<int64_t> from = {0};
  for (const std::string& id : order) {
    std::vector<Row>& rows = tasks[id];
    std::stable_sort(rows.begin(), rows.end(), [](const Row& a, const Row& b) {
      return a.augmentation.IsIdentity() > b.augmentation.IsIdentity();
    });
    PuzzleTask& task = info.ids.tasks.emplace_back();
    task.name = id;
    task.first_id = static_cast<int64_t>(from.size());
    for (const Row& row : rows) {
      task.copies.push_back(row.augmentation);
      from.push_back(row.from);
    }
    // How often is not known; that they were is.
    task.updates.assign(rows.size(), 1);
    TrainedTask& trained = info.trained.emplace_back();
    trained.name = id;
  }
  table = table.index_select(0, at::tensor(from, at::kLong));
  return absl::OkStatus();
}

absl::StatusOr<CheckpointInfo> Import(const std::string& path,
                                      const std::string& out,
                                      const ImportOptions& options) {
  absl::StatusOr<Tensors> tensors = ReadAny(path);
  ARCTRM_RETURN_IF_ERROR(Annotate(tensors.status(), path));
  CheckpointInfo info;
  info.model = options.model;
  ARCTRM_RETURN_IF_ERROR(Annotate(ReadShapes(*tensors, info.model), path));
  ARCTRM_RETURN_IF_ERROR(Annotate(info.model.Validate(), path));
  Random random(0, "init");
  Model model(info.model, at::kCPU, at::kFloat, random);
  ARCTRM_RETURN_IF_ERROR(Annotate(FillModel(*tensors, model), path));
  Tensor table = at::zeros({1, info.model.hidden});
  const auto known = tensors->find(kTable);
  if (known != tensors->end()) {
    table = known->second;
    if (table.dim() != 2 || table.size(0) < 1 ||
        table.size(1) != info.model.hidden) {
      return absl::InvalidArgumentError(
          absl::StrCat(path, ": ", kTable, " is ", ShapeText(table.sizes()),
                       ", expected rows of ", info.model.hidden));
    }
  }
  if (!options.identifiers.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            ReadIdentifiers(options.identifiers));
    ARCTRM_RETURN_IF_ERROR(AssignRows(names, options.identifiers, info, table));
  }
  info.ids.num_ids = table.size(0);
  ARCTRM_RETURN_IF_ERROR(internal::WriteCheckpoint(
      out, info,
      {{internal::kWeightsFile, internal::ToSafetensors(internal::ModelTensors(
                                    model, model.flat(), table))}}));
  return ReadCheckpointInfo(out);
}

// What torch.load makes a dict of tensors from. Record i holds tensor i.
std::string StateDictPickle(const internal::TensorMap& map) {
  std::string out = "\x80\x02}(";
  const auto number = [&](int64_t value) {
    out += '\x8a';
    out += '\x08';
    for (int i = 0; i < 8; ++i) {
      out += static_cast<char>(static_cast<uint64_t>(value) >> (8 * i));
    }
  };
  const auto text = [&](const std::string& value) {
    out += 'X';
    for (int i = 0; i < 4; ++i) {
      out += static_cast<char>(value.size() >> (8 * i));
    }
    out += value;
  };
  const auto tuple = [&](at::IntArrayRef values) {
    out += '(';
    for (const int64_t value : values) number(value);
    out += 't';
  };
  for (size_t i = 0; i < map.tensors.size(); ++i) {
    const auto& [name, tensor] = map.tensors[i];
    text(name);
    out += "ctorch._utils\n_rebuild_tensor_v2\n((";
    text("storage");
    out += "ctorch\nFloatStorage\n";
    text(absl::StrCat(i));
    text("cpu");
    number(tensor.numel());
    out += "tQ";
    number(0);
    tuple(tensor.sizes());
    tuple(tensor.contiguous().strides());
    out +=
        "\x89"
        "ccollections\nOrderedDict\n)RtR";
  }
  return out + "u.";
}

absl::Status Export(const std::string& path, const std::string& out,
                    const std::string& prefix) {
  const bool pt = absl::EndsWith(out, ".pt");
  if (!pt && !absl::EndsWith(out, ".safetensors")) {
    return absl::InvalidArgumentError(absl::StrCat(
        out, ": its name ends neither with .pt nor with .safetensors"));
  }
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info, ReadCheckpointInfo(path));
  ARCTRM_ASSIGN_OR_RETURN(
      const internal::SafetensorsFile file,
      internal::ReadCheckpointTensors(info.dir, internal::kWeightsFile));
  internal::TensorMap map;
  map.metadata["format"] = "pt";
  for (const auto& [name, entry] : file.tensors()) {
    ARCTRM_ASSIGN_OR_RETURN(Tensor tensor, GetTensor(file, name, {}));
    map.tensors.emplace_back(prefix + name, tensor.to(at::kFloat).contiguous());
  }
  if (!pt) return WriteFileAtomically(out, internal::ToSafetensors(map));
  std::string zip;
  caffe2::serialize::PyTorchStreamWriter writer(
      [&zip](const void* data, size_t size) {
        zip.append(static_cast<const char*>(data), size);
        return size;
      });
  const std::string pickle = StateDictPickle(map);
  writer.writeRecord("data.pkl", pickle.data(), pickle.size());
  writer.writeRecord("byteorder", "little", 6);
  for (size_t i = 0; i < map.tensors.size(); ++i) {
    const Tensor& tensor = map.tensors[i].second;
    writer.writeRecord(absl::StrCat("data/", i), tensor.const_data_ptr(),
                       tensor.nbytes());
  }
  writer.writeEndOfFile();
  return WriteFileAtomically(out, zip);
}

}  // namespace

absl::StatusOr<CheckpointInfo> ImportCheckpoint(const std::string& path,
                                                const std::string& out,
                                                const ImportOptions& options) {
  return internal::CatchTorch([&]() -> absl::StatusOr<CheckpointInfo> {
    return Import(path, out, options);
  });
}

absl::Status ExportWeights(const std::string& path, const std::string& out,
                           const std::string& prefix) {
  return internal::CatchTorch(
      [&]() -> absl::Status { return Export(path, out, prefix); });
}

}  // namespace arctrm
