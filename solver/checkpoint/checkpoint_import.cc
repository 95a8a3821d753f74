// SPDX-License-Identifier: MIT
#include "solver/checkpoint_import.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "augment/augmentation.h"
#include "base/files.h"
#include "base/status.h"
#include "caffe2/serialize/inline_container.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/checkpoint/identifiers.h"
#include "solver/checkpoint/safetensors.h"
#include "solver/checkpoint/weights_file.h"
#include "solver/device/device.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm {
namespace {

using at::Tensor;
using internal::FileWeights;
using internal::GetTensor;
using internal::Model;
using internal::RawTensor;
using internal::ShapeText;
using Tensors = std::map<std::string, Tensor>;

// Messages name at most this many faults and count the rest.
constexpr size_t kMaxFaults = 4;

// Converts to contiguous float32; returns a view of the file's numbers if they
// already are. DataLoss from CheckFinite.
absl::StatusOr<Tensor> ToTensor(const std::string& name, const RawTensor& raw) {
  // LibTorch only reads from it.
  char* bytes = const_cast<char*>(raw.bytes.data());
  const int64_t size = internal::DtypeBytes(raw.dtype);
  const Tensor storage =
      at::from_blob(bytes, {static_cast<int64_t>(raw.bytes.size()) / size},
                    at::dtype(internal::DtypeOf(raw.dtype)));
  Tensor tensor = storage.as_strided(raw.shape, raw.stride, raw.offset)
                      .to(at::kFloat)
                      .contiguous();
  ARCTRM_RETURN_IF_ERROR(internal::CheckFinite(
      name, "F32",
      {static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()}));
  return tensor;
}

absl::StatusOr<Tensors> ToTensors(const FileWeights& weights) {
  Tensors tensors;
  for (const auto& [name, raw] : weights.tensors) {
    ARCTRM_ASSIGN_OR_RETURN(tensors[name], ToTensor(name, raw));
  }
  return tensors;
}

// Sets the options that follow from the tensors.
absl::Status ReadShapes(const Tensors& tensors, ModelOptions& model) {
  const auto find = [&](const std::string& name) {
    const auto it = tensors.find(name);
    return it == tensors.end() ? Tensor() : it->second;
  };
  const Tensor tokens = find("inner.embed_tokens.embedding_weight");
  if (tokens.dim() != 2) {
    return absl::InvalidArgumentError(absl::StrCat(
        "inner.embed_tokens.embedding_weight is ", ShapeText(tokens.sizes()),
        ", expected a table: tokens by width"));
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

// The file must contain exactly the parameters of the model. InvalidArgument
// names the first faults, with both shapes.
absl::Status CheckShapes(const Tensors& tensors, const ModelOptions& options) {
  std::map<std::string, std::vector<int64_t>> wanted;
  for (const internal::ParameterShape& shape :
       internal::ParameterShapes(options)) {
    wanted[shape.name] = shape.sizes;
  }
  const int64_t d = options.hidden;
  wanted["inner.H_init"] = wanted["inner.L_init"] = {d};
  const bool lacks_start =
      tensors.count("inner.H_init") == 0 && tensors.count("inner.L_init") == 0;
  std::vector<std::string> faults;
  for (const auto& [name, shape] : wanted) {
    const auto it = tensors.find(name);
    if (it == tensors.end()) {
      faults.push_back(absl::StrCat("lacks ", name, " ", ShapeText(shape)));
    } else if (it->second.sizes().vec() != shape) {
      faults.push_back(absl::StrCat(name, " is ", ShapeText(it->second.sizes()),
                                    ", these options need ", ShapeText(shape)));
    }
  }
  for (const auto& [name, tensor] : tensors) {
    if (name == internal::kTableName) {
      if (tensor.dim() != 2 || tensor.size(0) < 1 || tensor.size(1) != d) {
        faults.push_back(absl::StrCat(name, " is ", ShapeText(tensor.sizes()),
                                      ", expected embedding rows of width ",
                                      d));
      }
    } else if (wanted.count(name) == 0) {
      faults.push_back(absl::StrCat("holds ", name, " ",
                                    ShapeText(tensor.sizes()),
                                    ", which this model does not have"));
    }
  }
  if (faults.empty()) return absl::OkStatus();
  const size_t all = faults.size();
  faults.resize(std::min(all, kMaxFaults));
  return absl::InvalidArgumentError(absl::StrCat(
      absl::StrJoin(faults, "; "),
      all > faults.size()
          ? absl::StrCat("; and ", all - faults.size(), " more that don't fit")
          : "",
      lacks_start
          ? "; an average of parameters alone (as EMAHelper keeps) has "
            "no start states; use a file that also contains the model's "
            "state_dict"
          : "; set the model's options as in its training"));
}

void FillModel(const Tensors& tensors, Model& model) {
  at::NoGradGuard no_grad;
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    model.Part(model.flat(), i)
        .copy_(tensors.at(model.parameters()[i].first).view({-1}));
  }
  model.h_init.copy_(tensors.at("inner.H_init"));
  model.l_init.copy_(tensors.at("inner.L_init"));
}

// Fills the embedding index from the names of the rows. Reorders `table` so
// that the rows of a task are adjacent and its identity augmentation comes
// first.
absl::Status AssignRows(const std::vector<std::string>& names,
                        const std::string& path, CheckpointInfo& info,
                        Tensor& table) {
  if (static_cast<int64_t>(names.size()) != table.size(0)) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": names ", names.size(),
                     " embedding rows, the file has ", table.size(0)));
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
    TaskEmbeddings& task = info.ids.tasks.emplace_back();
    task.name = id;
    task.first_id = static_cast<int64_t>(from.size());
    for (const Row& row : rows) {
      task.augmentations.push_back(row.augmentation);
      from.push_back(row.from);
    }
    // The true numbers are unknown; 1 marks the rows as trained.
    task.updates.assign(rows.size(), 1);
    TrainedTask& trained = info.trained.emplace_back();
    trained.name = id;
  }
  table = table.index_select(0, at::tensor(from, at::kLong));
  return absl::OkStatus();
}

// With rotary positions no shape depends on the canvas, but a Sudoku must have
// a side of 4, 9, 16 ….
absl::Status CheckCanvas(const ModelOptions& model) {
  const int side = model.canvas_side;
  int root = 1;
  while (root * root < side) ++root;
  if (model.puzzle != PuzzleKindName(PuzzleKind::kSudoku) ||
      root * root == side) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "has the tokens of Sudoku, but the canvas is ", side, "x", side,
      "; for a Sudoku of 9x9 use --recipe sudoku-extreme, or --set "
      "model.canvas_side=9 --set model.position_side=9"));
}

// The remark, or the error, for a file without embedding rows.
absl::StatusOr<std::string> WithoutTable(const ImportOptions& options,
                                         const CheckpointInfo& info) {
  if (!options.identifiers.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "lacks ", internal::kTableName, ", the embedding rows that ",
        options.identifiers, " names"));
  }
  if (info.model.puzzle != PuzzleKindName(PuzzleKind::kArc)) {
    return absl::InvalidArgumentError(
        absl::StrCat("lacks ", internal::kTableName,
                     ", the embedding row of all puzzles, which every answer "
                     "needs; save the "
                     "whole state dict, or use --set model.puzzle_prefix=0 for "
                     "a network that "
                     "was trained without it"));
  }
  return absl::StrCat("the file has no embedding rows (", internal::kTableName,
                      "): embedding rows of new tasks start at zero, so train "
                      "them before asking for answers");
}

// Converts and checks the tensors, and completes the options of the model.
absl::StatusOr<Tensors> CheckedTensors(const FileWeights& weights,
                                       ModelOptions& model) {
  ARCTRM_ASSIGN_OR_RETURN(Tensors tensors, ToTensors(weights));
  ARCTRM_RETURN_IF_ERROR(ReadShapes(tensors, model));
  ARCTRM_RETURN_IF_ERROR(model.Validate());
  ARCTRM_RETURN_IF_ERROR(CheckCanvas(model));
  ARCTRM_RETURN_IF_ERROR(CheckShapes(tensors, model));
  return tensors;
}

absl::StatusOr<CheckpointInfo> Import(const std::string& path,
                                      const std::string& out,
                                      const ImportOptions& options,
                                      ImportNotes* notes) {
  ARCTRM_ASSIGN_OR_RETURN(FileWeights weights,
                          internal::ReadWeightsFile(path, options.weights));
  CheckpointInfo info;
  info.model = options.model;
  const absl::StatusOr<Tensors> tensors = CheckedTensors(weights, info.model);
  if (!tensors.ok()) {
    absl::Status status = Annotate(tensors.status(), path);
    if (weights.others.empty()) return status;
    return absl::Status(
        status.code(),
        absl::StrCat(status.message(), " (weight set ", weights.name,
                     "; --weights NAME imports another one: ",
                     absl::StrJoin(weights.others, ", "), ")"));
  }
  Random random(0, "init");
  Model model(info.model, at::kCPU, at::kFloat, random);
  FillModel(*tensors, model);
  Tensor table = at::zeros({1, info.model.hidden});
  const auto known = tensors->find(internal::kTableName);
  if (known != tensors->end()) {
    table = known->second;
  } else if (info.model.puzzle_prefix > 0) {
    absl::StatusOr<std::string> remark = WithoutTable(options, info);
    if (!remark.ok()) return Annotate(remark.status(), path);
    weights.remarks.push_back(*std::move(remark));
  }
  if (!options.identifiers.empty()) {
    ARCTRM_ASSIGN_OR_RETURN(const std::vector<std::string> names,
                            internal::ReadIdentifiers(options.identifiers));
    ARCTRM_RETURN_IF_ERROR(AssignRows(names, options.identifiers, info, table));
  }
  info.ids.num_ids = table.size(0);
  ARCTRM_RETURN_IF_ERROR(internal::WriteCheckpoint(
      out, info,
      {{internal::kWeightsFile, internal::ToSafetensors(internal::ModelTensors(
                                    model, model.flat(), table))}}));
  if (notes != nullptr) {
    *notes = {std::move(weights.name), weights.averaged,
              std::move(weights.others), std::move(weights.passed_over),
              std::move(weights.remarks)};
  }
  return ReadCheckpointInfo(out);
}

// A pickle of a dict of tensors for torch.load. Record i contains tensor i.
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
        out, ": expected a name that ends with .pt or .safetensors"));
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
                                                const ImportOptions& options,
                                                ImportNotes* notes) {
  return internal::CatchTorch([&]() -> absl::StatusOr<CheckpointInfo> {
    return Import(path, out, options, notes);
  });
}

absl::Status ExportWeights(const std::string& path, const std::string& out,
                           const std::string& prefix) {
  return internal::CatchTorch(
      [&]() -> absl::Status { return Export(path, out, prefix); });
}

}  // namespace arctrm
