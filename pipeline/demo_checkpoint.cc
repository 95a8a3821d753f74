// SPDX-License-Identifier: MIT
// Embeds the shipped checkpoint (pipeline/demo_checkpoint/, made by
// recipes/pretrain-demo.sh) in the program.
#include <cstddef>

#include "pipeline/demo.h"

#ifdef ARCTRM_DEMO_CHECKPOINT
// The assembler puts a file between two symbols.
#define ARCTRM_EMBED(symbol, file)                  \
  asm(".section .rodata\n"                          \
      ".balign 16\n"                                \
      ".global arctrm_embedded_" #symbol            \
      "\n"                                          \
      "arctrm_embedded_" #symbol                    \
      ":\n"                                         \
      ".incbin \"" ARCTRM_DEMO_CHECKPOINT "/" file  \
      "\"\n"                                        \
      ".global arctrm_embedded_" #symbol            \
      "_end\n"                                      \
      "arctrm_embedded_" #symbol                    \
      "_end:\n"                                     \
      ".byte 0\n"                                   \
      ".previous\n");                               \
  extern "C" const char arctrm_embedded_##symbol[]; \
  extern "C" const char arctrm_embedded_##symbol##_end[]

ARCTRM_EMBED(settings, "checkpoint.json");
ARCTRM_EMBED(ids, "ids.zst");
ARCTRM_EMBED(weights, "model.safetensors");
#endif

namespace arctrm {

const std::vector<std::string>& LeftOutRules() {
  static const auto* const rules =
      new std::vector<std::string>{"recolor", "invert", "border", "hollow"};
  return *rules;
}

std::vector<EmbeddedFile> DemoCheckpointFiles() {
#ifndef ARCTRM_DEMO_CHECKPOINT
  return {};
#else
  const auto text = [](const char* begin, const char* end) {
    return std::string(begin, static_cast<size_t>(end - begin));
  };
  return {{"checkpoint.json",
           text(arctrm_embedded_settings, arctrm_embedded_settings_end)},
          {"ids.zst", text(arctrm_embedded_ids, arctrm_embedded_ids_end)},
          {"model.safetensors",
           text(arctrm_embedded_weights, arctrm_embedded_weights_end)}};
#endif
}

}  // namespace arctrm
