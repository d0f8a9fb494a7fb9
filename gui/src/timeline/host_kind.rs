use weftscope_traces::{Kind, Label};

/// What a slice of a host thread is, told by its name: files of other tools say no more than that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HostKind {
    /// A function of Python.
    Python,
    /// An operator of a framework, on the CPU: `aten::linear`.
    Operator,
    /// A call of the CUDA runtime, the driver or NCCL.
    Runtime,
    /// Anything else.
    Other,
}

impl HostKind {
    /// Every kind, in the order of legends.
    pub const ALL: [Self; 4] = [Self::Python, Self::Operator, Self::Runtime, Self::Other];

    /// In words.
    pub fn name(self) -> &'static str {
        match self {
            Self::Python => "Python function",
            Self::Operator => "CPU operator",
            Self::Runtime => "runtime call",
            Self::Other => "host",
        }
    }

    /// The kind of what has this label; `None` for what no host thread does.
    pub fn of(label: &Label) -> Option<Self> {
        if label.kind != Kind::Host {
            return None;
        }
        let name = label.name.as_str();
        // `model.py(17): forward`, `<built-in method run>`, `nn.Module: Linear_3`.
        let python = name.contains(".py(") || name.contains(".py:") || name.starts_with('<');
        Some(if python || name.starts_with("nn.Module: ") {
            Self::Python
        } else if is_runtime(name) {
            Self::Runtime
        } else if name.contains("::") {
            Self::Operator
        } else {
            Self::Other
        })
    }
}

/// `cudaLaunchKernel`, `cuLaunchKernelEx`, `ncclAllReduce`, `hipMemcpyAsync`, but not `cudnn_convolution` or `custom`.
fn is_runtime(name: &str) -> bool {
    ["cuda", "cu", "nccl", "hip"].iter().any(|prefix| {
        let rest = name.strip_prefix(prefix);
        rest.and_then(|rest| rest.chars().next()).is_some_and(|letter| letter.is_ascii_uppercase())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_the_kind() {
        let of = |name: &str| {
            let label = Label { name: name.to_owned(), kind: Kind::Host, ..Label::default() };
            HostKind::of(&label).unwrap()
        };
        assert_eq!(of("torch/nn/modules/linear.py(124): forward"), HostKind::Python);
        assert_eq!(of("<built-in method linear of type object>"), HostKind::Python);
        assert_eq!(of("nn.Module: Linear_3"), HostKind::Python);
        assert_eq!(of("aten::linear"), HostKind::Operator);
        assert_eq!(of("c10d::allreduce_"), HostKind::Operator);
        assert_eq!(of("cudaLaunchKernel"), HostKind::Runtime);
        assert_eq!(of("cuLaunchKernelEx"), HostKind::Runtime);
        assert_eq!(of("ncclAllReduce"), HostKind::Runtime);
        assert_eq!(of("custom step"), HostKind::Other);
        assert_eq!(HostKind::of(&Label::default()), None);
    }
}
