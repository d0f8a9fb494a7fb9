//! The cluster: templates, schedule, clocks; rows of any rank.

use std::collections::HashMap;

use weftscope_engine::spec::RunSpec;
use weftscope_traces::digest::DigestOf;

use super::clock::Clock;
use super::error::ClusterError;
use super::layout::{Layout, Place};
use super::network::Links;
use super::schedule::{GroupIteration, Plan, schedule};
use super::spec::ClusterSpec;
use super::template::Template;

/// Bytes of an activation of a token, a unit of the residual stream.
const BF16: f64 = 2.0;

/// A simulated cluster: everything but its rows, which are made when they are asked for.
#[derive(Debug)]
pub struct Cluster {
    pub(super) spec: ClusterSpec,
    pub(super) layout: Layout,
    pub(super) layers_per_stage: u32,
    /// Bytes a rank sends to the next stage.
    pub(super) send_bytes: f64,
    templates: Vec<Template>,
    /// By group: its template, and the one from an iteration on.
    of_group: Vec<[(u32, usize); 2]>,
    pub(super) iterations: Vec<Vec<GroupIteration>>,
}

impl Cluster {
    /// Simulates what groups do and composes the rest.
    ///
    /// # Errors
    /// [`ClusterError`].
    pub fn new(spec: &ClusterSpec) -> Result<Self, ClusterError> {
        spec.check()?;
        let group = spec.group()?;
        let layout = Layout::of(spec, group.machine.gpus);
        let layers_per_stage = spec.layers_of(&group.model) / spec.pp;
        let send_bytes =
            BF16 * f64::from(spec.tokens) * f64::from(group.model.hidden) / f64::from(spec.tp);
        let (templates, of_group) = templates(spec, &group)?;
        let mut cluster = Self {
            spec: spec.clone(),
            layout,
            layers_per_stage,
            send_bytes,
            templates,
            of_group,
            iterations: Vec::new(),
        };
        let links = Links::of(spec);
        let turn_ns = |group: u32, stage: u32, iteration: u32| {
            let template = cluster.template(group, iteration);
            turn_ns(template, stage, (layers_per_stage, spec.pp))
        };
        let plan = Plan { spec, layout, links: &links, turn_ns: &turn_ns, send_bytes };
        let iterations = schedule(&plan);
        cluster.iterations = iterations;
        Ok(cluster)
    }

    /// How it is described.
    pub fn spec(&self) -> &ClusterSpec {
        &self.spec
    }

    /// Where a rank stands.
    pub fn place(&self, rank: u32) -> Place {
        self.layout.place(rank)
    }

    /// Servers.
    pub fn servers(&self) -> u32 {
        self.layout.servers()
    }

    /// Name of a server.
    pub fn server_name(server: u32) -> String {
        format!("server{server:03}")
    }

    /// Which server a rank is on.
    pub fn server_of(&self, rank: u32) -> u32 {
        self.layout.server(rank)
    }

    /// What a server's clock shows more than is right: ns when the run begins, and by how much it grows, ns a ns.
    pub fn clock_of(&self, server: u32) -> (i64, f64) {
        let clock = Clock::of(&self.spec, server);
        (clock.offset_ns, clock.drift)
    }

    /// Whose a rank's digest is.
    pub fn digest_of(&self, rank: u32) -> DigestOf {
        DigestOf {
            job: self.spec.job.clone(),
            server: Some(Self::server_name(self.server_of(rank))),
            rank,
            is_unix_time: true,
            provenance: "modelled".to_owned(),
            recording: None,
        }
    }

    /// What a group does in an iteration.
    pub(super) fn template(&self, group: u32, iteration: u32) -> &Template {
        let [(_, before), (from, after)] = self.of_group[group as usize];
        &self.templates[if iteration < from { before } else { after }]
    }

    pub(super) fn clock(&self, rank: u32) -> Clock {
        Clock::of(&self.spec, self.layout.server(rank))
    }
}

/// What a microbatch takes of a stage.
fn turn_ns(template: &Template, stage: u32, (layers, stages): (u32, u32)) -> i64 {
    let head = if stage == 0 { template.head_ns } else { 0 };
    let tail = if stage + 1 == stages { template.tail_ns } else { 0 };
    head + template.layer_start_ns(layers) + template.overhang_ns.max(tail)
}

type OfGroup = Vec<[(u32, usize); 2]>;

/// One template for groups whose ranks are alike, one for each way to be slow.
fn templates(
    spec: &ClusterSpec,
    group: &RunSpec,
) -> Result<(Vec<Template>, OfGroup), ClusterError> {
    let mut templates = vec![Template::simulate(group, &[])?];
    let mut known: HashMap<Vec<u64>, usize> = HashMap::new();
    let mut of_group: OfGroup = vec![[(0, 0), (0, 0)]; (spec.pp * spec.dp) as usize];
    let mut slow: HashMap<u32, (u32, Vec<f64>)> = HashMap::new();
    for straggler in &spec.stragglers {
        let (group, local) = (straggler.rank / spec.tp, straggler.rank % spec.tp);
        let alike = || (straggler.from_iteration, vec![1.0; spec.tp as usize]);
        let (from, slowdown) = slow.entry(group).or_insert_with(alike);
        // Of several in a group the first to be slow says from when.
        *from = (*from).min(straggler.from_iteration);
        slowdown[local as usize] *= straggler.slowdown;
    }
    for (at, (from, slowdown)) in slow {
        let key: Vec<u64> = slowdown.iter().map(|times| times.to_bits()).collect();
        let template = match known.get(&key) {
            Some(&template) => template,
            None => {
                templates.push(Template::simulate(group, &slowdown)?);
                known.insert(key, templates.len() - 1);
                templates.len() - 1
            }
        };
        of_group[at as usize] = [(0, 0), (from, template)];
    }
    Ok((templates, of_group))
}
