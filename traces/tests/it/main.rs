//! Traces from outside, in one binary: files in and out, recordings, oracles.

mod analysis;
mod answers;
mod clocks;
mod container;
mod damage;
mod dialects;
mod digest;
mod fuzz_seeds;
mod import;
mod nsight;
mod oracles;
mod perfetto;
mod products;
mod random;
mod recorded;
mod recordings;
mod replay;
mod rocpd;
mod rocprof;
mod round_trip;
mod samples;
mod structure;
mod tables;
mod unpack;
mod view;
mod xplane;
