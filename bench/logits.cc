// SPDX-License-Identifier: MIT
// Logits of a checkpoint after all supervision steps, for
// bench/round_trip.py. Usage: logits CHECKPOINT INPUTS.safetensors
// OUT.safetensors; INPUTS contains "inputs" (B, S) and "puzzle_identifiers"
// (B).
#include <cstdio>

#include "base/files.h"
#include "base/status.h"
#include "solver/checkpoint/checkpoint.h"
#include "solver/checkpoint/checkpoint_files.h"
#include "solver/device/torch.h"

namespace arctrm::internal {
namespace {

absl::Status Run(const std::string& checkpoint, const std::string& inputs,
                 const std::string& out) {
  ARCTRM_ASSIGN_OR_RETURN(const CheckpointInfo info,
                          ReadCheckpointInfo(checkpoint));
  ARCTRM_ASSIGN_OR_RETURN(
      const SafetensorsFile weights,
      SafetensorsFile::Read(JoinPath(info.dir, kWeightsFile)));
  ARCTRM_ASSIGN_OR_RETURN(const SafetensorsFile given,
                          SafetensorsFile::Read(inputs));
  Random random(0, "init");
  Model model(info.model, at::kCPU, at::kFloat, random);
  ARCTRM_ASSIGN_OR_RETURN(const Tensor table,
                          LoadModelTensors(weights, info.ids.num_ids, model));
  ARCTRM_ASSIGN_OR_RETURN(const Tensor tokens, GetTensor(given, "inputs", {}));
  ARCTRM_ASSIGN_OR_RETURN(const Tensor ids,
                          GetTensor(given, "puzzle_identifiers", {}));
  at::NoGradGuard no_grad;
  Latents latents = model.StartLatents(tokens.size(0));
  StepOutput last;
  for (int i = 0; i < info.model.halt_max_steps; ++i) {
    last = model.Step(latents, tokens.to(at::kLong),
                      table.index_select(0, ids.to(at::kLong)));
    latents = last.latents;
  }
  TensorMap map;
  map.tensors = {{"logits", last.logits},
                 {"q_halt_logits", last.q_halt_logits}};
  return WriteFileAtomically(out, ToSafetensors(map));
}

}  // namespace
}  // namespace arctrm::internal

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: logits CHECKPOINT INPUTS OUT\n");
    return 2;
  }
  const absl::Status status = arctrm::internal::Run(argv[1], argv[2], argv[3]);
  if (!status.ok()) {
    std::fprintf(stderr, "error: %s\n", std::string(status.message()).c_str());
  }
  return status.ok() ? 0 : 2;
}
