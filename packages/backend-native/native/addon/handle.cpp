#include "handle.hpp"

#include <cstring>

#include "values.hpp"

namespace hybra {

Handle::Handle(napi_env env, int threads, const KernelTable& table)
    : device_(std::make_unique<Device>(threads, table)) {
  napi_create_threadsafe_function(env, nullptr, nullptr, toString(env, "hybra"), 0, 1, nullptr, nullptr, this, settle,
                                  &toLoop_);
  napi_unref_threadsafe_function(env, toLoop_);
  napi_add_env_cleanup_hook(env, endWithEnvironment, this);
}

void Handle::wait(napi_env env, const char* from, napi_value target, napi_value callback) {
  auto* wait = new Wait{nullptr, nullptr, this};
  napi_create_reference(env, callback, 1, &wait->callback);
  void* to = nullptr;
  std::size_t byteLength = 0;
  if (from) {
    napi_get_typedarray_info(env, target, nullptr, &byteLength, &to, nullptr, nullptr);
    napi_create_reference(env, target, 1, &wait->target);
  }
  if (waits_++ == 0) napi_ref_threadsafe_function(env, toLoop_);
  device_->queue().enqueue(
      [=] {
        if (byteLength > 0) std::memcpy(to, from, byteLength);
      },
      [wait, toLoop = toLoop_] { napi_call_threadsafe_function(toLoop, wait, napi_tsfn_nonblocking); });
}

void Handle::settle(napi_env env, napi_value, void*, void* data) {
  auto* wait = static_cast<Wait*>(data);
  if (env) {
    Handle& handle = *wait->handle;
    napi_value callback, self = undefined(env);
    napi_get_reference_value(env, wait->callback, &callback);
    napi_delete_reference(env, wait->callback);
    if (wait->target) napi_delete_reference(env, wait->target);
    if (--handle.waits_ == 0 && handle.isOpen()) napi_unref_threadsafe_function(env, handle.toLoop_);
    napi_call_function(env, self, callback, 0, nullptr, nullptr);
  }
  delete wait;
}

void Handle::close(napi_env env) {
  if (!isOpen()) return;
  napi_remove_env_cleanup_hook(env, endWithEnvironment, this);
  device_->queue().stop();
  device_.reset();
  napi_release_threadsafe_function(toLoop_, napi_tsfn_abort);
}

void Handle::endWithEnvironment(void* data) {
  auto* handle = static_cast<Handle*>(data);
  handle->device_->queue().stop();
  handle->device_.reset();
}

}  // namespace hybra
