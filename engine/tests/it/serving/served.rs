//! What holds of everything that is served.

use weftscope_engine::serving::{
    Arrivals, CudaGraphs, Iteration, Limits, Pricing, Served, ServingError, ServingReport,
    ServingRequest, ServingSpec, Simulated, fixed, serve, step_of,
};
use weftscope_engine::spec::StrategyKind;

use super::spec;

fn served(spec: &ServingSpec, requests: &[ServingRequest], pricing: Pricing) -> Served {
    try_served(spec, requests, pricing, &mut |_, _| true).expect("served")
}

fn try_served(
    spec: &ServingSpec,
    requests: &[ServingRequest],
    pricing: Pricing,
    progress: &mut dyn FnMut(&Iteration, u64) -> bool,
) -> Result<Served, ServingError> {
    serve(spec, requests, &mut Simulated::new(spec, pricing)?, progress)
}

/// Lengths all over the place, by arithmetic.
fn uneven(count: u32, gap_ns: i64) -> Vec<ServingRequest> {
    let request = |index: u32| ServingRequest {
        arrival_ns: i64::from(index) * gap_ns,
        prompt_tokens: 20 + index * 7919 % 1900,
        output_tokens: 1 + index * 104_729 % 90,
    };
    (0..count).map(request).collect()
}

/// Lengths as traces of people have them: most short, a few very long.
fn heavy_tailed(count: u32, gap_ns: i64) -> Vec<ServingRequest> {
    let request = |index: u32| {
        let share = f64::from(index * 7919 % 101) / 101.0;
        ServingRequest {
            arrival_ns: i64::from(index) * gap_ns,
            prompt_tokens: (150.0 / (1.01 - share)) as u32,
            output_tokens: 5 + index * 104_729 % 60,
        }
    };
    (0..count).map(request).collect()
}

/// Iterations and the time in which nobody asks make up the whole; a request's times are ends of iterations, in order.
#[test]
fn iterations_and_idle_time_are_the_whole() {
    let spec = spec("h100x8", StrategyKind::FuseOnly);
    // Gaps of 0.6 s: one request is answered before the next comes, often enough.
    let served = served(&spec, &uneven(24, 600_000_000), Pricing::Bucketed);
    let ends: Vec<i64> = served.iterations.iter().map(Iteration::end_ns).collect();
    let busy: i64 = served.iterations.iter().map(|it| it.host_ns + it.gpu_ns).sum();
    assert!(served.idle_ns > 0);
    assert_eq!(busy + served.idle_ns, *ends.last().unwrap());
    assert!(served.iterations.windows(2).all(|pair| pair[1].start_ns >= pair[0].end_ns()));
    for outcome in &served.outcomes {
        assert!(outcome.first_token_ns > outcome.request.arrival_ns);
        assert!(outcome.finished_ns >= outcome.first_token_ns);
        assert!(ends.contains(&outcome.first_token_ns) && ends.contains(&outcome.finished_ns));
    }
    let more: u64 = served.outcomes.iter().map(|it| u64::from(it.request.output_tokens) - 1).sum();
    assert_eq!(served.between_tokens.count(), more);
    let report = ServingReport::of(StrategyKind::FuseOnly, &served);
    let shares = report.decode_share + report.mixed_share + report.idle_share;
    assert!((shares - 1.0).abs() < 1e-9, "{shares}");
}

/// By hand: two requests, the second while the first decodes.
#[test]
fn times_of_a_request_are_those_of_its_iterations() {
    let spec = spec("h100x8", StrategyKind::Multimem);
    let request = |arrival_ns, prompt_tokens, output_tokens| ServingRequest {
        arrival_ns,
        prompt_tokens,
        output_tokens,
    };
    let served = served(&spec, &[request(0, 1000, 3), request(1, 500, 1)], Pricing::Exact);
    let [first, second, third] = served.iterations[..] else { panic!("{:?}", served.iterations) };
    assert_eq!([first.prefill_tokens, second.prefill_tokens, third.prefill_tokens], [1000, 500, 0]);
    assert_eq!([first.decode_tokens, second.decode_tokens, third.decode_tokens], [0, 1, 1]);
    assert_eq!([first.in_graph, second.in_graph, third.in_graph], [false, false, true]);
    assert_eq!([first.kv_blocks, second.kv_blocks, third.kv_blocks], [63, 63 + 32, 63]);
    assert_eq!(served.outcomes[0].first_token_ns, first.end_ns());
    assert_eq!(served.outcomes[0].finished_ns, third.end_ns());
    assert_eq!(served.outcomes[1].first_token_ns, second.end_ns());
    assert_eq!(served.outcomes[1].finished_ns, second.end_ns());
    let host = &spec.machine.host;
    assert_eq!(second.host_ns, (host.iteration_ns + 2.0 * host.sequence_ns) as i64);
    let report = ServingReport::of(StrategyKind::Multimem, &served);
    assert_eq!((report.iterations, report.graph_iterations, report.requests), (3, 1, 2));
    let duration_s = third.end_ns() as f64 / 1e9;
    assert!((report.tokens_per_s - 1504.0 / duration_s).abs() < 1e-6);
    assert!((report.mean_batch_tokens - 1502.0 / 3.0).abs() < 1e-9);
    let ttft = report.ttft.unwrap();
    let wanted = (first.end_ns() + second.end_ns() - 1) as f64 / 2e6;
    assert!((ttft.p50_ms - wanted).abs() < 1e-9 && (ttft.mean_ms - wanted).abs() < 1e-9);
}

/// Batches that share a simulation: the whole within 0.3 %; an iteration within 5 % where all requests are there at once. (Where they
/// come while others run, a microsecond decides which iteration takes one up, and from there on the two runs do different work.)
#[test]
fn sharing_simulations_changes_little() {
    let loads = [
        ("even", fixed(40, 1024, 24, Arrivals::AtOnce)),
        ("uneven", uneven(48, 0)),
        ("trickle", uneven(24, 90_000_000)),
        ("heavy tails", heavy_tailed(40, 60_000_000)),
    ];
    for strategy in [StrategyKind::Multimem, StrategyKind::TokenWeave] {
        for graphs in [CudaGraphs::Auto, CudaGraphs::Never] {
            let spec = ServingSpec { graphs, ..spec("h100x8", strategy) };
            for (load, requests) in &loads {
                let exact = served(&spec, requests, Pricing::Exact);
                let shared = served(&spec, requests, Pricing::Bucketed);
                let whole = |served: &Served| served.iterations.last().unwrap().end_ns() as f64;
                let error = whole(&shared) / whole(&exact) - 1.0;
                println!(
                    "{:10} {load:8} {:6}: {:+.3} %, {} of {} simulations",
                    strategy.name(),
                    graphs.name(),
                    100.0 * error,
                    shared.simulated.unwrap(),
                    exact.simulated.unwrap()
                );
                assert!(error.abs() < 0.003, "{load}: {error}");
                assert!(shared.simulated < exact.simulated);
                if requests[1].arrival_ns > 0 {
                    continue;
                }
                // All come at once: the steps are the same whatever they take.
                let mut worst = 0.0_f64;
                for (a, b) in exact.iterations.iter().zip(&shared.iterations) {
                    assert_eq!(
                        (a.decode_tokens, a.prefill_tokens),
                        (b.decode_tokens, b.prefill_tokens)
                    );
                    let error = b.gpu_ns as f64 / a.gpu_ns as f64 - 1.0;
                    worst = worst.max(error.abs());
                    assert!(
                        error.abs() < 0.05,
                        "{load}, {} + {} tokens: {error}",
                        a.decode_tokens,
                        a.prefill_tokens
                    );
                }
                println!("  at worst {:.2} % of an iteration", 100.0 * worst);
            }
        }
    }
}

/// A cache too small for all: requests lose theirs, are computed again, and all are answered; one that can never fit is refused.
#[test]
fn a_small_cache_preempts_and_refuses() {
    let mut spec = spec("h100x8", StrategyKind::NoComm);
    spec.limits = Limits { budget_tokens: 512, max_sequences: 64 };
    // Weights take 17.6 GB of 80: this leaves some 4000 tokens.
    spec.memory_share = 0.2233;
    let mut requests = fixed(12, 400, 100, Arrivals::AtOnce);
    requests[5].prompt_tokens = 100_000;
    let served = served(&spec, &requests, Pricing::Bucketed);
    let report = ServingReport::of(StrategyKind::NoComm, &served);
    assert_eq!((report.requests, report.refused), (11, 1));
    assert_eq!(served.refused, [requests[5]]);
    assert!(served.kv.tokens() < 11 * 499 && served.kv.tokens() > 499, "{}", served.kv.tokens());
    assert!(report.preemptions > 0 && report.kv_peak_share > 0.9);
    let computed: u32 = served.iterations.iter().map(Iteration::tokens).sum();
    assert!(computed > 11 * 499, "what was lost is computed again: {computed}");
    let only_long = fixed(2, 100_000, 10, Arrivals::AtOnce);
    let error = try_served(&spec, &only_long, Pricing::Bucketed, &mut |_, _| true);
    let error = error.unwrap_err().to_string();
    assert!(
        error.starts_with("no request fits: the shortest needs keys and values of 100009 tokens"),
        "{error}"
    );
}

/// Asked again, every iteration computes what it is known to have computed, also where requests come late, lose their cache and
/// are refused; and there are no more.
#[test]
fn an_iteration_is_asked_again_what_it_computed() {
    let mut spec = spec("h100x8", StrategyKind::NoComm);
    spec.limits = Limits { budget_tokens: 512, max_sequences: 64 };
    spec.memory_share = 0.2233;
    let mut requests = uneven(24, 30_000_000);
    requests[5].prompt_tokens = 100_000;
    requests[23].arrival_ns += 60_000_000_000;
    let served = served(&spec, &requests, Pricing::Bucketed);
    assert!(served.iterations.iter().any(|iteration| iteration.preempted > 0));
    assert!(served.idle_ns > 0 && served.refused.len() == 1);
    for (number, iteration) in served.iterations.iter().enumerate() {
        let step = step_of(&served, spec.limits, number).unwrap();
        let found = (step.decode_tokens(), step.prefill_tokens(), step.preempted);
        let known = (iteration.decode_tokens, iteration.prefill_tokens, iteration.preempted);
        assert_eq!((found, step.chunks.len() as u32), (known, iteration.sequences), "{number}");
    }
    assert_eq!(step_of(&served, spec.limits, served.iterations.len()), None);
}

/// Who listens to the progress ends it.
#[test]
fn it_stops_where_it_is_told_to() {
    let spec = spec("h100x8", StrategyKind::NoComm);
    let mut heard = 0;
    let mut progress = |_: &Iteration, _| {
        heard += 1;
        heard < 3
    };
    let stopped = try_served(&spec, &uneven(24, 0), Pricing::Bucketed, &mut progress);
    assert_eq!((stopped.unwrap_err(), heard), (ServingError::Stopped, 3));
}

/// One rank alone has nothing to hide, a weave hides some, and none hides more than it has.
#[test]
fn communication_is_hidden_by_those_that_weave() {
    let requests = fixed(12, 2048, 4, Arrivals::AtOnce);
    let hidden = |strategy| {
        let served = served(&spec("h100x8", strategy), &requests, Pricing::Bucketed);
        assert!(
            served
                .iterations
                .iter()
                .filter_map(|it| it.comm.map(|comm| (comm, it.gpu_ns)))
                .all(|(comm, gpu_ns)| comm.hidden_ns <= comm.ns && comm.ns <= gpu_ns)
        );
        ServingReport::of(strategy, &served)
    };
    let (plain, weave) = (hidden(StrategyKind::Multimem), hidden(StrategyKind::TokenWeave));
    assert!(plain.comm_share > Some(0.1) && plain.hidden_share == Some(0.0), "{plain:?}");
    assert!(weave.hidden_share.unwrap() > 0.5, "{weave:?}");
    assert!(weave.tokens_per_s > plain.tokens_per_s);
    let without = hidden(StrategyKind::NoComm);
    assert_eq!(
        (without.comm_share, without.hidden_share),
        (Some(0.0), None),
        "of nothing there is no share"
    );
}
