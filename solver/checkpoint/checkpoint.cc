// SPDX-License-Identifier: MIT
#include "solver/checkpoint/checkpoint.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm::internal {
namespace {

std::string DtypeName(at::ScalarType type) {
  switch (type) {
    case at::kFloat:
      return "F32";
    case at::kDouble:
      return "F64";
    case at::kBFloat16:
      return "BF16";
    case at::kHalf:
      return "F16";
    case at::kLong:
      return "I64";
    case at::kInt:
      return "I32";
    case at::kByte:
      return "U8";
    case at::kBool:
      return "BOOL";
    default:
      ARCTRM_CHECK(false && "checkpoints never contain this dtype");
  }
}

}  // namespace

std::string ShapeText(at::IntArrayRef shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    absl::StrAppend(&text, i ? ", " : "", shape[i]);
  }
  return text + ")";
}

at::ScalarType DtypeOf(absl::string_view name) {
  if (name == "F64") return at::kDouble;
  if (name == "BF16") return at::kBFloat16;
  if (name == "F16") return at::kHalf;
  if (name == "I64") return at::kLong;
  if (name == "I32") return at::kInt;
  if (name == "U8") return at::kByte;
  if (name == "I8") return at::kChar;
  if (name == "BOOL") return at::kBool;
  return at::kFloat;
}

std::string ToSafetensors(const TensorMap& map) {
  std::vector<Tensor> alive;
  std::vector<TensorToWrite> out;
  alive.reserve(map.tensors.size());
  for (const auto& [name, tensor] : map.tensors) {
    alive.push_back(tensor.detach().to(at::kCPU).contiguous());
    const Tensor& host = alive.back();
    out.push_back(
        {name, DtypeName(host.scalar_type()), host.sizes().vec(),
         absl::string_view(static_cast<const char*>(host.const_data_ptr()),
                           static_cast<size_t>(host.nbytes()))});
  }
  return SafetensorsBytes(out, map.metadata);
}

absl::StatusOr<Tensor> GetTensor(const SafetensorsFile& file,
                                 const std::string& name,
                                 const std::vector<int64_t>& shape) {
  const TensorEntry* entry = file.Find(name);
  if (entry == nullptr) {
    return absl::DataLossError(
        absl::StrCat("the checkpoint lacks the tensor ", name));
  }
  if (!shape.empty() && entry->shape != shape) {
    return absl::DataLossError(absl::StrCat(
        "the tensor ", name, " has the shape ", ShapeText(entry->shape),
        ", the model needs ", ShapeText(shape)));
  }
  Tensor tensor =
      at::empty(entry->shape, at::TensorOptions().dtype(DtypeOf(entry->dtype)));
  if (tensor.nbytes() != entry->bytes.size()) {
    return absl::DataLossError(
        absl::StrCat("the tensor ", name, " has numbers of the type ",
                     entry->dtype, ", which arctrm does not read"));
  }
  std::memcpy(tensor.mutable_data_ptr(), entry->bytes.data(),
              entry->bytes.size());
  return tensor;
}

TensorMap ModelTensors(const Model& model, const Tensor& flat,
                       const Tensor& table) {
  TensorMap map;
  map.metadata["format"] = "pt";
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    const auto& [name, parameter] = model.parameters()[i];
    map.tensors.emplace_back(name, model.Part(flat, i).view(parameter.sizes()));
  }
  map.tensors.emplace_back("inner.H_init", model.h_init.to(at::kFloat));
  map.tensors.emplace_back("inner.L_init", model.l_init.to(at::kFloat));
  map.tensors.emplace_back(kTableName, table);
  return map;
}

absl::StatusOr<Tensor> LoadModelTensors(const SafetensorsFile& file,
                                        int64_t num_ids, Model& model) {
  at::NoGradGuard no_grad;
  ARCTRM_RETURN_IF_ERROR(CheckAllFinite(file));
  for (size_t i = 0; i < model.parameters().size(); ++i) {
    const auto& [name, parameter] = model.parameters()[i];
    ARCTRM_ASSIGN_OR_RETURN(const Tensor tensor,
                            GetTensor(file, name, parameter.sizes().vec()));
    model.Part(model.flat(), i).copy_(tensor.view({-1}));
  }
  const std::vector<int64_t> d = {model.options().hidden};
  ARCTRM_ASSIGN_OR_RETURN(const Tensor h, GetTensor(file, "inner.H_init", d));
  ARCTRM_ASSIGN_OR_RETURN(const Tensor l, GetTensor(file, "inner.L_init", d));
  model.h_init.copy_(h);
  model.l_init.copy_(l);
  ARCTRM_ASSIGN_OR_RETURN(const Tensor table,
                          GetTensor(file, kTableName, {num_ids, d[0]}));
  return table.to(at::kFloat);
}

}  // namespace arctrm::internal
