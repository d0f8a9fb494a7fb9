use std::path::PathBuf;

use clap::{Args, ValueEnum};
use weftscope_engine::serving::CudaGraphs;

use crate::cli::run_args::{Backend, OnArgs};

/// `serving`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  weftscope serving --requests 1000 --prompt 1024 --output 128\n  weftscope serving --trace AzureLLMInferenceTrace_conv.csv --requests 2000 --strategy multimem,tokenweave\n  weftscope serving --rate 8 --iterations iterations.csv --json\n  weftscope serve-bench --backend cuda --weights ~/Qwen3-8B --requests 200 --strategy default,tokenweave"
)]
pub struct ServingArgs {
    /// What serves.
    #[command(flatten)]
    pub on: OnArgs,
    /// Who computes: simulated ranks, or this computer's GPUs, in real time.
    #[arg(long, value_enum, default_value_t = Backend::Sim)]
    pub backend: Backend,
    /// Folder of a Hugging Face checkpoint (config.json, safetensors) to serve [default: random weights]. Needs `--backend cuda`.
    #[arg(long, value_name = "FOLDER")]
    pub weights: Option<PathBuf>,
    /// How freely tokens are drawn on GPUs; 0: always the likeliest. Answers are as long as asked for, whatever is drawn.
    #[arg(long, default_value_t = 0.0, value_name = "T", allow_negative_numbers = true)]
    pub temperature: f64,
    /// Draw only from the fewest likeliest tokens that have this much of the probability together.
    #[arg(long, default_value_t = 1.0, value_name = "P", allow_negative_numbers = true)]
    pub top_p: f64,
    /// Strategies that serve the same requests (`weftscope list strategies`), separated by commas, or `all`.
    #[arg(long, default_value = "all", value_name = "A,B|all", value_delimiter = ',')]
    pub strategy: Vec<String>,
    /// Requests [default: 1000, or all of the trace].
    #[arg(long, value_name = "N")]
    pub requests: Option<u32>,
    /// Tokens of each prompt.
    #[arg(long, default_value_t = 1024, value_name = "N", conflicts_with = "trace")]
    pub prompt: u32,
    /// Tokens of each answer.
    #[arg(long, default_value_t = 128, value_name = "N", conflicts_with = "trace")]
    pub output: u32,
    /// Requests a second, at random times that follow from --seed [default: all at once, or when the trace has them].
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub rate: Option<f64>,
    /// Requests from a CSV: columns arrival_s, prompt_tokens and output_tokens, or those of Azure's traces of LLM inference
    /// or of BurstGPT; - is standard input.
    #[arg(long, value_name = "FILE")]
    pub trace: Option<PathBuf>,
    /// Most tokens of an iteration (vLLM's max_num_batched_tokens).
    #[arg(long, default_value_t = 2048, value_name = "N")]
    pub budget: u32,
    /// Most sequences that run at a time (vLLM's max_num_seqs).
    #[arg(long, default_value_t = 256, value_name = "N")]
    pub max_seqs: u32,
    /// Share of each GPU's memory for weights, activations, keys and values (vLLM's gpu_memory_utilization).
    #[arg(long, default_value_t = 0.9, value_name = "SHARE", allow_negative_numbers = true)]
    pub memory_share: f64,
    /// Which iterations are launched as one CUDA graph.
    #[arg(long, value_enum, default_value_t = GraphsArg::Auto)]
    pub cuda_graphs: GraphsArg,
    /// Also write every iteration of every strategy to this CSV.
    #[arg(long, value_name = "FILE")]
    pub iterations: Option<PathBuf>,
    /// Everything as JSON.
    #[arg(long)]
    pub json: bool,
}

/// [`CudaGraphs`] on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum GraphsArg {
    /// Those that only decode, up to 512 sequences, as vLLM does.
    Auto,
    /// None: ops are launched one by one.
    Never,
    /// All.
    Always,
}

impl From<GraphsArg> for CudaGraphs {
    fn from(arg: GraphsArg) -> Self {
        match arg {
            GraphsArg::Auto => Self::Auto,
            GraphsArg::Never => Self::Never,
            GraphsArg::Always => Self::Always,
        }
    }
}
