use thiserror::Error;

/// One reading of both clocks. `device_ns` was read somewhere between two host readings whose middle is `host_ns`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClockPair {
    /// Device time.
    pub device_ns: i64,
    /// Host time, middle of the bracket.
    pub host_ns: i64,
    /// Half the bracket: the host time lies within ± this.
    pub half_width_ns: i64,
}

/// `host = host_0 + (1 + drift) · (device − device_0)`, fitted to pairs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ClockFit {
    device_0_ns: i64,
    host_0_ns: i64,
    drift: f64,
    residual_p99_ns: i64,
    num_pairs: usize,
}

/// Why there is no fit.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum FitError {
    /// No pair at all.
    #[error("no reading of both clocks")]
    NoPairs,
    /// The device clock jumped back between two pairs: not one clock.
    #[error("the device clock went back by {0} ns between two readings")]
    NotMonotonic(i64),
}

/// More than this is no oscillator but a wrong pair of clocks; drift is held inside.
const MAX_DRIFT: f64 = 500e-6;

impl ClockFit {
    /// Least squares through `pairs` (ordered by host time), each weighted by the inverse square of its bracket.
    ///
    /// Pairs whose bracket is wider than four times the narrowest are left out when others remain: a host thread that
    /// lost its core between two readings says little. One pair, or pairs within a microsecond, give an offset only.
    ///
    /// # Errors
    /// [`FitError`] when there is nothing to fit or the device clock is not one clock.
    pub fn fit(pairs: &[ClockPair]) -> Result<Self, FitError> {
        for step in pairs.windows(2) {
            if step[1].device_ns < step[0].device_ns {
                return Err(FitError::NotMonotonic(step[0].device_ns - step[1].device_ns));
            }
        }
        let kept = narrow(pairs);
        if kept.is_empty() {
            return Err(FitError::NoPairs);
        }
        let (device_0_ns, host_0_ns) = (kept[0].device_ns, kept[0].host_ns);
        let (offset, drift) = weighted_line(&kept, device_0_ns, host_0_ns);
        let mut fit = Self {
            device_0_ns,
            host_0_ns: host_0_ns + offset.round() as i64,
            drift,
            residual_p99_ns: 0,
            num_pairs: kept.len(),
        };
        fit.residual_p99_ns = residual_p99_ns(&kept, |device_ns| fit.host_from_device(device_ns));
        Ok(fit)
    }

    /// Host time of a device time.
    pub fn host_from_device(&self, device_ns: i64) -> i64 {
        let since = device_ns - self.device_0_ns;
        self.host_0_ns + since + (since as f64 * self.drift).round() as i64
    }

    /// How much faster the host's clock runs, as a ratio (1e-6 is one part per million).
    pub fn drift(&self) -> f64 {
        self.drift
    }

    /// 99th percentile of the distance between fit and readings, ns: the uncertainty of a mapped time, together with
    /// the device clock's own tick.
    pub fn residual_p99_ns(&self) -> i64 {
        self.residual_p99_ns
    }

    /// Readings that the fit rests on.
    pub fn num_pairs(&self) -> usize {
        self.num_pairs
    }
}

/// Pairs whose bracket is not much wider than the narrowest.
pub(super) fn narrow(pairs: &[ClockPair]) -> Vec<ClockPair> {
    let narrowest = pairs.iter().map(|pair| pair.half_width_ns).min().unwrap_or(0).max(1);
    pairs.iter().copied().filter(|pair| pair.half_width_ns <= 4 * narrowest).collect()
}

/// 99th percentile of the distance between a map and pairs, at least one.
pub(super) fn residual_p99_ns(pairs: &[ClockPair], map: impl Fn(i64) -> i64) -> i64 {
    let mut residuals: Vec<i64> =
        pairs.iter().map(|pair| (map(pair.device_ns) - pair.host_ns).abs()).collect();
    residuals.sort_unstable();
    residuals[(residuals.len() * 99).div_ceil(100) - 1]
}

/// Offset at the first pair and drift of the weighted least-squares line.
fn weighted_line(pairs: &[ClockPair], device_0_ns: i64, host_0_ns: i64) -> (f64, f64) {
    let points: Vec<(f64, f64, f64)> = pairs
        .iter()
        .map(|pair| {
            let x = (pair.device_ns - device_0_ns) as f64;
            // The difference of the clocks, not the host time itself: small numbers keep their digits.
            let y = ((pair.host_ns - host_0_ns) - (pair.device_ns - device_0_ns)) as f64;
            (x, y, (pair.half_width_ns.max(1) as f64).powi(-2))
        })
        .collect();
    let total: f64 = points.iter().map(|(_, _, w)| w).sum();
    let mean_x = points.iter().map(|(x, _, w)| w * x).sum::<f64>() / total;
    let mean_y = points.iter().map(|(_, y, w)| w * y).sum::<f64>() / total;
    let var = points.iter().map(|(x, _, w)| w * (x - mean_x).powi(2)).sum::<f64>() / total;
    if var < 1e6 {
        return (mean_y, 0.0);
    }
    let covar = points.iter().map(|(x, y, w)| w * (x - mean_x) * (y - mean_y)).sum::<f64>() / total;
    let drift = (covar / var).clamp(-MAX_DRIFT, MAX_DRIFT);
    (mean_y - drift * mean_x, drift)
}
