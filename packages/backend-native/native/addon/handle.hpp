#pragma once
#include <node_api.h>

#include <memory>

#include "../core/device.hpp"

namespace hybra {

/** A device with its way back to the event loop. Ended by `close`, or with the environment. */
class Handle {
 public:
  Handle(napi_env env, int threads, const KernelTable& table);

  Device& device() { return *device_; }
  bool isOpen() const { return device_ != nullptr; }

  /**
   * In its order, copies `byteLength` bytes from `from` into `target` (a typed array, if there is anything to
   * copy), then calls `callback` on the event loop. The process stays alive until then.
   */
  void wait(napi_env env, const char* from, napi_value target, napi_value callback);
  /** Waits for the call that is running, drops all others, frees all memory. */
  void close(napi_env env);

 private:
  struct Wait {
    napi_ref callback, target;
    Handle* handle;
  };
  static void settle(napi_env env, napi_value, void* context, void* data);
  static void endWithEnvironment(void* handle);

  std::unique_ptr<Device> device_;
  napi_threadsafe_function toLoop_ = nullptr;
  int waits_ = 0;
};

}  // namespace hybra
