// SPDX-License-Identifier: MIT
#include "solver/nn/model.h"

#include <ATen/CPUGeneratorImpl.h>

#include <cmath>

#include "absl/strings/str_cat.h"
#include "base/status.h"
#include "solver/nn/attention.h"
#include "solver/nn/linear.h"
#include "solver/nn/ops.h"
#include "solver/nn/parameter_shapes.h"

namespace arctrm::internal {
namespace {

// Initial values of a parameter: a truncated normal with standard deviation
// `std`, or `value` everywhere if std is 0.
struct Start {
  double std;
  float value;
};
Start StartOf(const ParameterShape& shape) {
  if (shape.name == "inner.q_head.weight") return {0, 0};
  if (shape.name == "inner.q_head.bias") return {0, -5};
  return {1.0 / std::sqrt(static_cast<double>(shape.sizes.back())), 0};
}

int64_t Numel(const std::vector<int64_t>& sizes) {
  int64_t n = 1;
  for (int64_t size : sizes) n *= size;
  return n;
}

}  // namespace

void FillTruncatedNormal(Tensor& cpu_float, double std, Random& random) {
  // The variance of a standard normal truncated at +-2 is
  // 1 - 4 pdf(2) / (cdf(2) - cdf(-2)).
  const double kept = std::erf(2.0 / std::sqrt(2.0));
  const double pdf = std::exp(-2.0) / std::sqrt(2.0 * M_PI);
  const double scale = std / std::sqrt(1.0 - 4.0 * pdf / kept);
  float* data = cpu_float.mutable_data_ptr<float>();
  for (int64_t i = 0; i < cpu_float.numel(); ++i) {
    double x = random.Normal();
    while (x < -2 || x > 2) x = random.Normal();
    data[i] = static_cast<float>(x * scale);
  }
}

Model::Model(const ModelOptions& options, at::Device device,
             at::ScalarType forward_dtype, Random& random)
    : options_(options),
      recursion_{options.hrm() ? Arch::kHrm : Arch::kTrm, options.h_cycles,
                 options.l_cycles},
      device_(device),
      dtype_(forward_dtype) {
  const std::vector<ParameterShape> shapes = ParameterShapes(options);
  int64_t total = 0;
  for (const ParameterShape& shape : shapes) {
    starts_.push_back(total);
    total += Numel(shape.sizes);
  }
  starts_.push_back(total);
  ARCTRM_CHECK(total == options.num_parameters());
  Tensor host = at::empty({total}, at::kFloat);
  for (size_t i = 0; i < shapes.size(); ++i) {
    Tensor part = host.narrow(0, starts_[i], starts_[i + 1] - starts_[i]);
    const Start start = StartOf(shapes[i]);
    if (start.std > 0) {
      FillTruncatedNormal(part, start.std, random);
    } else {
      part.fill_(start.value);
    }
  }
  flat_ = host.to(device);
  BindParameters();
  Tensor start = at::empty({options.hidden}, at::kFloat);
  FillTruncatedNormal(start, 1, random);
  h_init = start.to(device, dtype_, false, true);
  FillTruncatedNormal(start, 1, random);
  l_init = start.to(device, dtype_, false, true);

  if (!options.mixer) {
    const RotaryTable table = MakeRotaryTable(options);
    rotary_ = {table.cos.to(device), table.sin.to(device)};
  }
}

Model::RotaryTable Model::MakeRotaryTable(const ModelOptions& options) {
  const int64_t half = options.hidden / options.heads / 2;
  const int64_t positions = options.num_positions();
  const bool rotary = options.positions == "rope";
  const bool by_axis = options.rope == "2d";
  const int64_t frequencies = by_axis ? half / 2 : half;
  RotaryTable table = {at::empty({positions, half}, at::kFloat),
                       at::empty({positions, half}, at::kFloat)};
  float* cos = table.cos.mutable_data_ptr<float>();
  float* sin = table.sin.mutable_data_ptr<float>();
  for (int64_t t = 0; t < positions; ++t) {
    const int64_t cell = t - options.puzzle_prefix;
    const int64_t row = cell < 0 ? 0 : cell / options.canvas_side + 1;
    const int64_t col = cell < 0 ? t : cell % options.canvas_side;
    const int64_t id = cell < 0 ? t
                                : options.puzzle_prefix +
                                      (row - 1) * options.position_side + col;
    for (int64_t i = 0; i < half; ++i) {
      const int64_t position = !by_axis ? id : i < frequencies ? row : col;
      const float inverse =
          1.0f / static_cast<float>(std::pow(
                     options.rope_theta, static_cast<double>(i % frequencies) /
                                             static_cast<double>(frequencies)));
      const float angle = rotary ? static_cast<float>(position) * inverse : 0;
      cos[t * half + i] = std::cos(angle);
      sin[t * half + i] = std::sin(angle);
    }
  }
  return table;
}

void Model::BindParameters() {
  const std::vector<ParameterShape> shapes = ParameterShapes(options_);
  parameters_.clear();
  flat_grad_ = at::zeros_like(flat_);
  for (size_t i = 0; i < shapes.size(); ++i) {
    Tensor p = Part(flat_, i).view(shapes[i].sizes).detach();
    p.set_requires_grad(true);
    p.mutable_grad() = Part(flat_grad_, i).view(shapes[i].sizes);
    parameters_.emplace_back(shapes[i].name, p);
  }
  size_t at = 0;
  const auto next = [&] { return parameters_[at++].second; };
  const auto blocks = [&] {
    std::vector<Block> level;
    level.reserve(static_cast<size_t>(options_.layers));
    for (int i = 0; i < options_.layers; ++i) {
      level.push_back({{next(), {}}, {next(), {}}, {next(), {}}, {next(), {}}});
    }
    return level;
  };
  embeddings_.tokens = next();
  heads_.answer = next();
  heads_.q_weight = next();
  heads_.q_bias = next();
  l_blocks_ = blocks();
  h_blocks_ = options_.hrm() ? blocks() : l_blocks_;
  if (options_.positions == "learned") embeddings_.positions = next();
  ARCTRM_CHECK(at == parameters_.size());
}

std::unique_ptr<Model> Model::Replica() const {
  std::unique_ptr<Model> replica(new Model(*this));
  replica->BindParameters();
  return replica;
}

void Model::SetCycles(int h_cycles, int l_cycles) {
  ARCTRM_CHECK(h_cycles > 0 && l_cycles > 0);
  recursion_.h_cycles = h_cycles;
  recursion_.l_cycles = l_cycles;
}

void Model::SetForwardDtype(at::ScalarType dtype) {
  dtype_ = dtype;
  h_init = h_init.to(dtype);
  l_init = l_init.to(dtype);
}

at::ScalarType Model::HeadDtype() const {
  return dtype_ == at::kHalf ? at::kFloat : dtype_;
}

void Model::RequireGradients(bool on) {
  for (auto& [name, parameter] : parameters_) parameter.set_requires_grad(on);
}

Tensor Model::Part(const Tensor& flat, size_t i) const {
  return flat.narrow(0, starts_[i], starts_[i + 1] - starts_[i]);
}

Tensor Model::Cast(const Tensor& weight) const {
  return dtype_ == at::kFloat ? weight : weight.to(dtype_);
}

std::vector<Model::Block> Model::CastBlocks(
    const std::vector<Block>& level) const {
  const auto cast = [this](const Weight& w) {
    return Weight{Cast(w.value), w.packed};
  };
  std::vector<Block> blocks;
  blocks.reserve(level.size());
  for (const Block& b : level) {
    blocks.push_back(
        {cast(b.mix_in), cast(b.mix_out), cast(b.gate_up), cast(b.down)});
  }
  return blocks;
}

std::vector<Model::Block> Model::PackBlocks(
    const std::vector<Block>& level) const {
  if (dtype_ != at::kFloat) return level;
  const bool gradient = at::GradMode::is_enabled();
  const auto pack = [gradient](const Weight& w) {
    return Weight{w.value, PackLinear(w.value, gradient)};
  };
  std::vector<Block> blocks;
  blocks.reserve(level.size());
  for (const Block& b : level) {
    blocks.push_back(
        {pack(b.mix_in), pack(b.mix_out), pack(b.gate_up), pack(b.down)});
  }
  return blocks;
}

Tensor Model::Apply(const Tensor& x, const Weight& weight) {
  return Linear(x, weight.value, weight.packed);
}

Latents Model::StartLatents(int64_t batch, int64_t cells) const {
  if (cells == 0) cells = options_.num_cells();
  const std::vector<int64_t> shape = {batch, options_.puzzle_prefix + cells,
                                      options_.hidden};
  return {h_init.expand(shape).contiguous(), l_init.expand(shape).contiguous()};
}

double RowCost(const ModelOptions& model, int64_t cells) {
  const double d = model.hidden;
  const double t = static_cast<double>(model.puzzle_prefix + cells);
  const double mixing =
      model.mixer ? 3.0 * d * model.mixer_inner() : 4 * d * d + 2 * t * d;
  return t * (mixing + 3.0 * d * model.inner());
}

Tensor Model::WithNoise(const Tensor& latents, double std, uint64_t seed) {
  // Drawn on the CPU, so that all devices add the same noise.
  const Tensor noise =
      at::randn(latents.sizes(), at::detail::createCPUGenerator(seed),
                at::dtype(at::kFloat));
  return latents + (noise * std).to(latents.options());
}

Tensor Model::PositionIndex(const Windows& windows) const {
  const auto& [size, origins] = windows;
  const int64_t canvas = options_.canvas_side;
  if (size == GridSize()) return {};
  ARCTRM_CHECK(size.rows > 0 && size.rows <= canvas && size.cols > 0 &&
               size.cols <= canvas);
  if (size.cells() == options_.num_cells()) return {};
  ARCTRM_CHECK(!options_.mixer);
  const auto numbers = at::device(device_).dtype(at::kLong);
  Tensor own = (at::arange(size.rows, numbers).unsqueeze(1) * canvas +
                at::arange(size.cols, numbers))
                   .view({1, size.cells()});
  if (origins.defined()) {
    own = own +
          (origins.select(1, 0) * canvas + origins.select(1, 1)).unsqueeze(1);
  }
  const int64_t prefix = options_.puzzle_prefix;
  const Tensor index = at::cat(
      {at::arange(prefix, numbers).expand({own.size(0), prefix}), own + prefix},
      1);
  return origins.defined() ? index : index.view({-1});
}

Tensor Model::Embed(const Tensor& tokens, const Tensor& embedding_rows,
                    const Tensor& positions) const {
  const int64_t batch = tokens.size(0);
  const int64_t d = options_.hidden;
  const Tensor cells = at::embedding(Cast(embeddings_.tokens), tokens);
  std::vector<Tensor> parts;
  if (options_.puzzle_prefix > 0) {
    parts.push_back(embedding_rows.to(dtype_).view({batch, 1, d}));
  }
  if (options_.puzzle_prefix > 1) {
    parts.push_back(
        at::zeros({batch, options_.puzzle_prefix - 1, d}, cells.options()));
  }
  parts.push_back(cells);
  Tensor x = at::cat(parts, 1);
  if (embeddings_.positions.defined()) {
    const Tensor table = Cast(embeddings_.positions);
    // 1 / sqrt(2), which keeps the variance; published with nine digits.
    x = 0.707106781 *
        (x + (positions.defined() ? at::embedding(table, positions) : table));
  }
  return (x * std::sqrt(static_cast<double>(d))).view({-1, d});
}

Tensor Model::Attend(const Tensor& h, const Block& block,
                     const Layout& layout) const {
  const auto [q, k, v] =
      SplitRotary(Apply(h, block.mix_in), layout.rotary.cos, layout.rotary.sin,
                  layout.batch, options_.heads);
  const Tensor attended = Attention(q, k, v).reshape({h.size(0), h.size(1)});
  return ResidualRmsNorm(h, Apply(attended, block.mix_out));
}

// Also normalises over positions.
Tensor Model::MixPositions(const Tensor& h, const Block& block,
                           int64_t batch) const {
  const int64_t t = options_.num_positions();
  const int64_t d = options_.hidden;
  const Tensor by_feature =
      h.view({batch, t, d}).transpose(1, 2).reshape({batch * d, t});
  const Tensor mixed =
      Apply(SwiGluActivation(Apply(by_feature, block.mix_in)), block.mix_out);
  return ResidualRmsNorm(by_feature, mixed)
      .view({batch, d, t})
      .transpose(1, 2)
      .reshape({batch * t, d});
}

Tensor Model::Net(const Tensor& x, const Tensor& y, const Layout& layout,
                  const std::vector<Block>& blocks) const {
  Tensor h = x + y;
  for (const Block& block : blocks) {
    h = options_.mixer ? MixPositions(h, block, layout.batch)
                       : Attend(h, block, layout);
    h = ResidualRmsNorm(
        h, Apply(SwiGluActivation(Apply(h, block.gate_up)), block.down));
  }
  return h;
}

StepOutput Model::Step(const Latents& latents, const Tensor& tokens,
                       const Tensor& embedding_rows,
                       const Windows& windows) const {
  ARCTRM_CHECK(tokens.size(1) == (windows.size == GridSize()
                                      ? options_.num_cells()
                                      : windows.size.cells()));
  const int64_t batch = tokens.size(0);
  const int64_t positions = options_.puzzle_prefix + tokens.size(1);
  const int64_t d = options_.hidden;
  const Tensor index = PositionIndex(windows);
  const auto table = [&](const Tensor& whole) {
    return index.defined() && whole.defined() ? at::embedding(whole, index)
                                              : whole;
  };
  const Layout layout = {batch, {table(rotary_.cos), table(rotary_.sin)}};
  const Tensor x = Embed(tokens, embedding_rows, index);
  Tensor z_h = latents.z_h.reshape({batch * positions, d});
  Tensor z_l = latents.z_l.reshape({batch * positions, d});
  const bool hrm = recursion_.arch == Arch::kHrm;
  const int cycle = recursion_.l_cycles + 1;
  const int updates = recursion_.h_cycles * cycle;
  const int with_gradient = at::GradMode::is_enabled() ? (hrm ? 2 : cycle) : 0;
  const int without_gradient = updates - with_gradient;
  const auto update = [&](int i, const std::vector<Block>& l,
                          const std::vector<Block>& h) {
    if (i % cycle < recursion_.l_cycles) {
      z_l = Net(z_l, z_h + x, layout, l);
    } else {
      z_h = Net(z_h, z_l, layout, h);
    }
  };
  const std::vector<Block> l_level = PackBlocks(l_blocks_);
  const std::vector<Block> h_level = hrm ? PackBlocks(h_blocks_) : l_level;
  // Updates without gradient share one cast of the weights. Updates with
  // gradient cast at every use, so that their gradients are added in float32.
  {
    at::NoGradGuard no_grad;
    const std::vector<Block> l = CastBlocks(l_level);
    const std::vector<Block> h = hrm ? CastBlocks(h_level) : l;
    for (int i = 0; i < without_gradient; ++i) update(i, l, h);
  }
  for (int i = without_gradient; i < updates; ++i) {
    const bool is_l = i % cycle < recursion_.l_cycles;
    const std::vector<Block> blocks = CastBlocks(is_l ? l_level : h_level);
    update(i, blocks, blocks);
  }

  const Tensor answer = z_h.view({batch, positions, d});
  StepOutput out;
  out.latents = {answer.detach(), z_l.detach().view({batch, positions, d})};
  const at::ScalarType heads = HeadDtype();
  out.logits = at::linear(
      answer.narrow(1, options_.puzzle_prefix, tokens.size(1)).to(heads),
      heads_.answer.to(heads));
  const Tensor q =
      at::linear(answer.select(1, 0).to(heads), heads_.q_weight.to(heads),
                 heads_.q_bias.to(heads))
          .to(at::kFloat);
  out.q_halt_logits = q.select(1, 0);
  out.q_continue_logits = q.select(1, 1);
  return out;
}

}  // namespace arctrm::internal
