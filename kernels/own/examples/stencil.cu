// Marks in a kernel of one's own: a five-point average by tiles, and what of each block's time goes where.
//
//   nvcc -arch=native -std=c++17 -I.. -o stencil stencil.cu
//   weftscope run --level blocks --patch all -o stencil.weft -- ./stencil
//   weftscope sql stencil.weft "select name, count(*), avg(dur) from inside group by name"
#include "weft.cuh"

#ifndef __CUDACC_RTC__
#include <chrono>
#include <cstdio>
#include <thread>
#endif

constexpr int TILE = 32;

extern "C" __global__ void stencil(const float* from, float* to, int width, int height, int rounds) {
    WEFT_BLOCK("stencil");
    __shared__ float tile[TILE + 2][TILE + 2];
    const int x = blockIdx.x * TILE + threadIdx.x, y = blockIdx.y * TILE + threadIdx.y;
    {
        WEFT_PHASE("load");
        for (int row = threadIdx.y; row < TILE + 2; row += TILE)
            for (int column = threadIdx.x; column < TILE + 2; column += TILE) {
                const int fx = min(max(int(blockIdx.x) * TILE + column - 1, 0), width - 1);
                const int fy = min(max(int(blockIdx.y) * TILE + row - 1, 0), height - 1);
                tile[row][column] = from[fy * width + fx];
            }
        __syncthreads();
    }
    WEFT_MARK("loaded");
    float mean = 0;
    {
        WEFT_WARP_PHASE("average");
        for (int round = 0; round < rounds; ++round) {
            const int row = threadIdx.y + 1, column = threadIdx.x + 1;
            mean = 0.2f * (tile[row][column] + tile[row - 1][column] + tile[row + 1][column] + tile[row][column - 1] +
                           tile[row][column + 1]);
            __syncthreads();
            tile[row][column] = mean;
            __syncthreads();
        }
    }
    WEFT_PHASE("store");
    if (x < width && y < height) to[y * width + x] = mean;
}

#ifndef __CUDACC_RTC__
int main() {
    const int width = 1024, height = 1024;
    float *from, *to;
    if (cudaMalloc(&from, width * height * sizeof(float)) != cudaSuccess) return std::puts("no GPU"), 1;
    cudaMalloc(&to, width * height * sizeof(float));
    cudaMemset(from, 0, width * height * sizeof(float));
    for (int step = 0; step < 100; ++step) {
        stencil<<<dim3(width / TILE, height / TILE), dim3(TILE, TILE)>>>(from, to, width, height, 20);
        cudaDeviceSynchronize();
        // A step leaves 37,000 marks; back to back they would be written over before they are fetched, which is counted.
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return std::puts(cudaGetErrorString(cudaGetLastError())), 0;
}
#endif
