/* Random numbers, counting numbers, and drawing tokens. */
#include <algorithm>
#include <cmath>
#include <cstring>

#include "order.hpp"
#include "philox.hpp"
#include "scalar.hpp"

namespace hybra::scalar {

void kernel_random(const Call& call, const Frame& frame) {
  const std::uint32_t* stream = reinterpret_cast<const std::uint32_t*>(frame.inputs[0]);
  const std::int64_t rows = call.outputs[0].shape[0], count = call.outputs[0].shape[1];
  const bool isFloat = call.outputs[0].dtype == DType::f32;
  for (std::int64_t row = 0; row < rows; row++) {
    std::uint32_t words[4];
    for (std::int64_t j = 0; j < count; j++) {
      if (j % 4 == 0) philox(stream + row * 5, static_cast<std::uint32_t>(j / 4), words);
      const std::int64_t at = row * count + j;
      if (isFloat) reinterpret_cast<float*>(frame.outputs[0])[at] = unitFloat(words[j % 4]);
      else reinterpret_cast<std::uint32_t*>(frame.outputs[0])[at] = words[j % 4];
    }
  }
}

/** Attribute: axis. */
void kernel_iota(const Call& call, const Frame& frame) {
  const Operand& y = call.outputs[0];
  const int axis = static_cast<int>(call.attributes[0]);
  const std::int64_t extent = y.rank == 0 ? 1 : y.shape[axis];
  std::int64_t inner = 1;
  for (int i = axis + 1; i < y.rank; i++) inner *= y.shape[i];
  for (std::int64_t i = 0; i < y.count(); i++) {
    const std::int64_t value = i / inner % extent;
    if (y.dtype == DType::f32) reinterpret_cast<float*>(frame.outputs[0])[i] = static_cast<float>(value);
    else if (y.dtype == DType::f64) reinterpret_cast<double*>(frame.outputs[0])[i] = static_cast<double>(value);
    else reinterpret_cast<std::int32_t*>(frame.outputs[0])[i] = static_cast<std::int32_t>(value);
  }
}

namespace {

/** A row of the `parameters` operand, in its order. */
struct Parameters {
  float temperature, topK, topP, minP, repetition, presence, frequency;
};

/** Repetition (Keskar et al. 2019, §4.1), then presence and frequency, for tokens that occurred. */
double penalised(double logit, std::int32_t count, const Parameters& p) {
  if (count <= 0) return logit;
  const double repeated = logit > 0 ? logit / p.repetition : logit * p.repetition;
  return repeated - p.presence - static_cast<double>(p.frequency) * count;
}

/** Orders the first `count` positions; those before `done` are in order already. */
void orderUpTo(const double* scores, std::uint32_t* positions, std::int64_t done, std::int64_t count,
               std::int64_t width) {
  const LargestFirst<double> order{scores};
  if (count < width) std::nth_element(positions + done, positions + count, positions + width, order);
  std::sort(positions + done, positions + count, order);
}

/** How many of the largest `limit` make the smallest set of mass ≥ topP, at least one (Holtzman et al. 2020). */
std::int64_t nucleus(const double* scores, std::uint32_t* positions, std::int64_t limit, float topP, double largest,
                     std::int64_t width) {
  const LargestFirst<double> order{scores};
  if (limit < width) std::nth_element(positions, positions + limit, positions + width, order);
  double total = 0;
  for (std::int64_t i = 0; i < limit; i++) total += std::exp(scores[positions[i]] - largest);
  double mass = 0;
  std::int64_t done = 0;
  // Few tokens usually hold the mass: order a few more at a time.
  for (std::int64_t step = 64; done < limit; step *= 8) {
    const std::int64_t end = std::min(limit, done + step);
    orderUpTo(scores, positions, done, end, limit);
    for (; done < end; done++) {
      mass += std::exp(scores[positions[done]] - largest);
      if (mass >= topP * total) return done + 1;
    }
  }
  return limit;
}

/** Sets the scores of tokens that top-k, top-p or min-p drop to −∞. */
void cut(double* scores, std::int64_t width, const Parameters& p, std::uint32_t* positions) {
  const std::int64_t limit = p.topK >= 1 ? std::min<std::int64_t>(static_cast<std::int64_t>(p.topK), width) : width;
  double largest = -INFINITY;
  for (std::int64_t i = 0; i < width; i++) largest = scores[i] > largest || scores[i] != scores[i] ? scores[i] : largest;
  if (limit < width || p.topP < 1) {
    for (std::int64_t i = 0; i < width; i++) positions[i] = static_cast<std::uint32_t>(i);
    std::int64_t kept = limit;
    if (p.topP < 1) kept = nucleus(scores, positions, limit, p.topP, largest, width);
    else std::nth_element(positions, positions + limit, positions + width, LargestFirst<double>{scores});
    for (std::int64_t i = kept; i < width; i++) scores[positions[i]] = -INFINITY;
  }
  if (p.minP > 0) {
    // p ≥ min-p · p_max ⇔ e^(score − largest) ≥ min-p: normalisation cancels.
    for (std::int64_t i = 0; i < width; i++) {
      if (std::exp(scores[i] - largest) < p.minP) scores[i] = -INFINITY;
    }
  }
}

/** Adds −log(−log u) to each score: the largest then is a draw from the softmax (Gumbel 1954). */
void addGumbel(double* scores, std::int64_t width, const std::uint32_t* stream) {
  std::uint32_t words[4];
  std::int64_t block = -1;
  for (std::int64_t i = 0; i < width; i++) {
    if (scores[i] == -INFINITY) continue;
    if (i / 4 != block) {
      block = i / 4;
      philox(stream, static_cast<std::uint32_t>(block), words);
    }
    scores[i] -= std::log(-std::log(static_cast<double>(unitFloat(words[i % 4]))));
  }
}

/** The first of the largest scores without temperature: runs of tokens that never occurred by vectors. */
std::int64_t likeliest(const float* logits, const std::int32_t* counts, std::int64_t width, const Parameters& p) {
  typedef float Floats __attribute__((vector_size(16)));
  typedef std::int32_t Integers __attribute__((vector_size(16)));
  constexpr std::int64_t run = 16;
  std::int64_t best = 0;
  double largest = penalised(logits[0], counts[0], p);
  for (std::int64_t from = 0; from < width; from += run) {
    const std::int64_t to = std::min(width, from + run);
    if (to - from == run) {
      Floats values[4];
      Integers seen[4];
      std::memcpy(values, logits + from, sizeof values);
      std::memcpy(seen, counts + from, sizeof seen);
      const Integers occurred = (seen[0] > 0) | (seen[1] > 0) | (seen[2] > 0) | (seen[3] > 0);
      // A run with nothing as large as what was found changes nothing; NaN never is. The bound is rounded, hence ≥.
      const float bound = static_cast<float>(largest);
      const Integers isLarge =
          (values[0] >= bound) | (values[1] >= bound) | (values[2] >= bound) | (values[3] >= bound);
      const Integers any = occurred | isLarge;
      std::int64_t halves[2];
      std::memcpy(halves, &any, sizeof halves);
      if ((halves[0] | halves[1]) == 0) continue;
    }
    for (std::int64_t i = from; i < to; i++) {
      const double score = penalised(logits[i], counts[i], p);
      if (score > largest) {
        largest = score;
        best = i;
      }
    }
  }
  return best;
}

}  // namespace

/** Penalties, temperature, top-k, top-p, min-p, then Gumbel-max. Scratch: scores and positions. */
void kernel_sample(const Call& call, const Frame& frame) {
  const std::int64_t rows = call.inputs[0].shape[0], width = call.inputs[0].shape[1];
  const float* logits = reinterpret_cast<const float*>(frame.inputs[0]);
  const Parameters* parameters = reinterpret_cast<const Parameters*>(frame.inputs[1]);
  const std::int32_t* counts = reinterpret_cast<const std::int32_t*>(frame.inputs[2]);
  const std::uint32_t* stream = reinterpret_cast<const std::uint32_t*>(frame.inputs[3]);
  double* scores = reinterpret_cast<double*>(frame.scratch);
  std::uint32_t* positions = reinterpret_cast<std::uint32_t*>(scores + width);
  for (std::int64_t row = 0; row < rows; row++) {
    const Parameters& p = parameters[row];
    std::int32_t& chosen = reinterpret_cast<std::int32_t*>(frame.outputs[0])[row];
    if (!(p.temperature > 0)) {
      chosen = static_cast<std::int32_t>(likeliest(logits + row * width, counts + row * width, width, p));
      continue;
    }
    for (std::int64_t i = 0; i < width; i++) {
      scores[i] = penalised(logits[row * width + i], counts[row * width + i], p);
    }
    for (std::int64_t i = 0; i < width; i++) scores[i] /= p.temperature;
    cut(scores, width, p, positions);
    addGumbel(scores, width, stream + row * 5);
    std::int64_t best = 0;
    for (std::int64_t i = 1; i < width; i++) best = scores[i] > scores[best] ? i : best;
    chosen = static_cast<std::int32_t>(best);
  }
}

}  // namespace hybra::scalar
