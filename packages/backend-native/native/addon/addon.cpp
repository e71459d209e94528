/* What JavaScript sees: plain functions on handles. src/addon/addon.ts says what each takes. */
#include <cstring>
#include <string>

#include "../core/cpu-limit.hpp"
#include "handle.hpp"
#include "values.hpp"

namespace hybra {
namespace {

using ProgramPointer = std::shared_ptr<Program>;

napi_value isas(napi_env env, napi_callback_info) {
  std::vector<const char*> names;
  for (const KernelTable* table : availableTables()) names.push_back(table->name);
  return toStrings(env, names);
}

napi_value ops(napi_env env, napi_callback_info) {
  return toStrings(env, {
#define HYBRA_OP(name) #name,
                            HYBRA_OPS(HYBRA_OP)
#undef HYBRA_OP
                        });
}

napi_value cpus(napi_env env, napi_callback_info) { return toNumber(env, cpuLimit()); }

/** (isa index, threads) → device */
napi_value open(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto tables = availableTables();
  auto* handle = new Handle(env, static_cast<int>(arguments.integer(1)), *tables[arguments.integer(0)]);
  napi_value result;
  // Never deleted by itself: `close` frees all it holds but a few bytes.
  napi_create_external(env, handle, nullptr, nullptr, &result);
  return result;
}

napi_value close(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  arguments.external<Handle>(0)->close(env);
  return undefined(env);
}

/** (device, bytes) → address, 0 if there is no memory */
napi_value allocate(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  char* address = arguments.external<Handle>(0)->device().memory().allocate(arguments.integer(1));
  return toNumber(env, static_cast<double>(reinterpret_cast<std::uintptr_t>(address)));
}

/** (device, address): after the work before it */
napi_value release(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Device& device = arguments.external<Handle>(0)->device();
  char* address = arguments.address(1);
  device.inOrder([&device, address] { device.memory().free(address); });
  return undefined(env);
}

napi_value memoryBytes(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  return toNumber(env, static_cast<double>(arguments.external<Handle>(0)->device().memory().bytes()));
}

/** (device, address, Uint8Array) */
napi_value write(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Device& device = arguments.external<Handle>(0)->device();
  char* to = arguments.address(1);
  std::size_t count = 0;
  const char* from = arguments.array<char>(2, count);
  if (count == 0) return undefined(env);
  if (device.queue().isIdle()) {
    std::memcpy(to, from, count);
  } else {
    device.queue().enqueue([to, data = std::string(from, count)] { std::memcpy(to, data.data(), data.size()); });
  }
  return undefined(env);
}

/** (device, from, to, bytes); the ranges may overlap */
napi_value copy(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  char *from = arguments.address(1), *to = arguments.address(2);
  const std::size_t count = static_cast<std::size_t>(arguments.number(3));
  arguments.external<Handle>(0)->device().inOrder([=] { std::memmove(to, from, count); });
  return undefined(env);
}

/** (device, address or 0, Uint8Array or undefined, callback) */
napi_value wait(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  arguments.external<Handle>(0)->wait(env, arguments.address(1), arguments.values[2], arguments.values[3]);
  return undefined(env);
}

/** (device, Float64Array of one call) → bytes */
napi_value scratchBytes(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Device& device = arguments.external<Handle>(0)->device();
  std::size_t count = 0;
  const double* words = arguments.array<double>(1, count);
  Reader reader(words, count);
  const PlannedCall call = readCall(reader);
  return toNumber(env, static_cast<double>(device.table().scratchBytes(device.table(), call.view(), device.pool().threads())));
}

/** (Float64Array of a program, Float64Array of segments' addresses, whether to time) → program */
napi_value compile(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  std::size_t count = 0;
  const double* words = arguments.array<double>(0, count);
  auto* program = new ProgramPointer(
      std::make_shared<Program>(Reader(words, count), arguments.addresses(1), arguments.truth(2)));
  napi_value result;
  napi_create_external(
      env, program, [](napi_env, void* data, void*) { delete static_cast<ProgramPointer*>(data); }, nullptr, &result);
  return result;
}

/** (device, program, Float64Array of bindings' addresses) */
napi_value run(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  arguments.external<Handle>(0)->device().run(*arguments.external<ProgramPointer>(1), arguments.addresses(2));
  return undefined(env);
}

/** (program, Float64Array): nanoseconds of each call */
napi_value timings(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  const auto& nanoseconds = (*arguments.external<ProgramPointer>(0))->nanoseconds();
  std::size_t count = 0;
  double* to = arguments.array<double>(1, count);
  for (std::size_t i = 0; i < count && i < nanoseconds.size(); i++) to[i] = nanoseconds[i];
  return undefined(env);
}

/** (device, address or 0, floats) → operations per second, or with an address bytes per second */
napi_value ceiling(napi_env env, napi_callback_info info) {
  const Arguments arguments(env, info);
  Device& device = arguments.external<Handle>(0)->device();
  const float* from = reinterpret_cast<const float*>(arguments.address(1));
  const double rate = from ? device.table().readBandwidth(device.pool(), from, arguments.integer(2))
                           : device.table().peakOperations(device.pool());
  return toNumber(env, rate);
}

}  // namespace
}  // namespace hybra

NAPI_MODULE_INIT() {
  using namespace hybra;
  const struct {
    const char* name;
    napi_callback function;
  } functions[] = {
      {"isas", isas},         {"ops", ops},     {"cpus", cpus},   {"open", open},
      {"close", close},       {"allocate", allocate}, {"release", release}, {"memoryBytes", memoryBytes},
      {"write", write},       {"copy", copy},   {"wait", wait},   {"scratchBytes", scratchBytes},
      {"compile", compile},   {"run", run},     {"timings", timings},
      {"ceiling", ceiling},
  };
  for (const auto& [name, function] : functions) {
    napi_value value;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, function, nullptr, &value);
    napi_set_named_property(env, exports, name, value);
  }
  return exports;
}
