// A library with NVML's functions and two GPUs, of which the second does not answer.
extern "C" {

int nvmlInit_v2() {
  return 0;
}
int nvmlShutdown() {
  return 0;
}

int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = 2;
  return 0;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static int first;
  *device = &first;
  return index == 0 ? 0 : 15;  // NVML_ERROR_GPU_IS_LOST
}

int nvmlDeviceGetUUID(void*, char* uuid, unsigned) {
  for (const char* from = "GPU-1"; (*uuid = *from) != 0; ++from) ++uuid;
  return 0;
}

int nvmlDeviceGetUtilizationRates(void*, unsigned* rates) {
  rates[0] = 75;
  rates[1] = 10;
  return 0;
}

int nvmlDeviceGetMemoryInfo(void*, unsigned long long* memory) {
  memory[0] = 80'000;
  memory[1] = 50'000;
  memory[2] = 30'000;
  return 0;
}

int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) {
  *milliwatts = 120'500;
  return 0;
}

int nvmlDeviceGetEnforcedPowerLimit(void*, unsigned*) {
  return 3;
}  // NVML_ERROR_NOT_SUPPORTED

}  // extern "C"
