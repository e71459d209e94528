/* Node-API values to and from C++. Arguments come from our own JavaScript, which has checked them. */
#pragma once
#include <node_api.h>

#include <cstdint>
#include <vector>

namespace hybra {

constexpr int mostArguments = 6;

struct Arguments {
  napi_env env;
  napi_value values[mostArguments];

  Arguments(napi_env environment, napi_callback_info info) : env(environment) {
    std::size_t count = mostArguments;
    napi_get_cb_info(env, info, &count, values, nullptr, nullptr);
  }
  double number(int index) const {
    double value = 0;
    napi_get_value_double(env, values[index], &value);
    return value;
  }
  std::int64_t integer(int index) const { return static_cast<std::int64_t>(number(index)); }
  /** Addresses fit a double: user space ends below 2^53. */
  char* address(int index) const { return reinterpret_cast<char*>(static_cast<std::uintptr_t>(number(index))); }
  bool truth(int index) const {
    bool value = false;
    napi_get_value_bool(env, values[index], &value);
    return value;
  }
  template <class T>
  T* external(int index) const {
    void* value = nullptr;
    napi_get_value_external(env, values[index], &value);
    return static_cast<T*>(value);
  }
  bool isUndefined(int index) const {
    napi_valuetype type = napi_undefined;
    napi_typeof(env, values[index], &type);
    return type == napi_undefined;
  }
  /** Elements of a typed array, and how many. */
  template <class T>
  T* array(int index, std::size_t& count) const {
    void* data = nullptr;
    napi_get_typedarray_info(env, values[index], nullptr, &count, &data, nullptr, nullptr);
    return static_cast<T*>(data);
  }
  std::vector<char*> addresses(int index) const {
    std::size_t count = 0;
    const double* numbers = array<double>(index, count);
    std::vector<char*> pointers(count);
    for (std::size_t i = 0; i < count; i++) {
      pointers[i] = reinterpret_cast<char*>(static_cast<std::uintptr_t>(numbers[i]));
    }
    return pointers;
  }
};

inline napi_value toNumber(napi_env env, double value) {
  napi_value result;
  napi_create_double(env, value, &result);
  return result;
}
inline napi_value toString(napi_env env, const char* text) {
  napi_value result;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}
inline napi_value toStrings(napi_env env, const std::vector<const char*>& texts) {
  napi_value result;
  napi_create_array_with_length(env, texts.size(), &result);
  for (std::size_t i = 0; i < texts.size(); i++) {
    napi_set_element(env, result, static_cast<std::uint32_t>(i), toString(env, texts[i]));
  }
  return result;
}
inline napi_value undefined(napi_env env) {
  napi_value result;
  napi_get_undefined(env, &result);
  return result;
}

}  // namespace hybra
