//! Checks that schemas cannot express: names, references, ports and variables must fit each other.
//! A check gets all objects that are applied together, in that order.

mod cluster;
mod containers;
pub mod memory;
mod network;
mod references;
mod scaling;
mod spin_app;

use std::collections::BTreeMap;

use orders::pipeline;
use queue::{Keys, Settings};

use crate::application::Application;
use crate::object::{Object, Pods};

/// Everything that is applied together.
#[derive(Debug, Clone)]
pub struct Inputs {
    /// The rendered objects.
    pub objects: Vec<Object>,
    /// The application that the SpinApps are parts of.
    pub application: Application,
    /// The Secrets that exist beside the objects: keys and values by name.
    pub secrets: BTreeMap<String, BTreeMap<String, String>>,
}

/// What a check found: one line for each fault, with the object's name in front.
#[derive(Debug, Default)]
pub struct Faults(Vec<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        self.0.push(fault);
    }

    fn unless(&mut self, holds: bool, fault: impl FnOnce() -> String) {
        self.0.extend((!holds).then(fault));
    }
}

/// One check: what holds if it finds nothing, and how it finds faults.
#[derive(Debug, Clone, Copy)]
pub struct Check(pub &'static str, fn(&Inputs, &mut Faults));

/// All of them.
pub const ALL: &[Check] = &[
    Check("the operator accepts the order of objects", cluster::order),
    Check("executors fit the installed shim", cluster::executors),
    Check("everything is in one namespace", cluster::one_namespace),
    Check("components are those of spin.toml", spin_app::components),
    Check("every stream is drained", spin_app::every_stream_is_drained),
    Check("variables are declared, used and all given", spin_app::variables),
    Check("probes are answered, and early", spin_app::probes),
    Check("one place sets the number of replicas", spin_app::replicas),
    Check("KEDA looks at the streams of the queue", scaling::triggers),
    Check("KEDA scales what is there", scaling::targets),
    Check("all use one Redis", scaling::one_redis),
    Check("Redis loses no order", scaling::redis_keeps_orders),
    Check("Redis has memory for what it keeps", memory::of_redis),
    Check("references lead to something", references::exist),
    Check("no secret is in plain text", references::no_plain_secret),
    Check("selectors select and ports are open", network::selectors),
    Check("monitors scrape an open port", network::monitors),
    Check("policies fit pods and ports", network::policies),
    Check("only clients of Redis reach it", network::redis_clients),
    Check("resources are limited", containers::resources),
    Check("images are pinned", containers::images),
    Check("containers have no rights", containers::rights),
];

impl Check {
    /// The faults that this check finds.
    pub fn faults(&self, inputs: &Inputs) -> Vec<String> {
        let mut faults = Faults::default();
        (self.1)(inputs, &mut faults);
        faults.0
    }
}

impl Inputs {
    /// The faults that all checks find, each behind the name of its check.
    pub fn faults(&self) -> Vec<String> {
        let named = |Check(name, _): &Check, fault: String| format!("{name}: {fault}");
        let of = |check| Check::faults(check, self).into_iter().map(|it| named(check, it));
        ALL.iter().flat_map(of).collect()
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects.iter().filter(move |object| object.kind() == kind)
    }

    fn named(&self, kind: &str, name: &str) -> Option<&Object> {
        self.objects.iter().find(|object| object.kind() == kind && object.name() == name)
    }

    fn pods(&self) -> Vec<(&Object, Pods)> {
        self.objects.iter().filter_map(|object| Some((object, object.pods()?))).collect()
    }

    /// A value of the ConfigMap that all programs read, empty if it is not there.
    fn setting(&self, key: &str) -> &str {
        let settings = self.named("ConfigMap", "settings");
        settings.map_or("", |settings| settings.text(&format!("/data/{key}")))
    }

    /// The names of the queue that the settings name.
    fn keys(&self) -> Option<Keys> {
        let queue = self.setting("queue").parse().ok()?;
        Some(Keys::new(&Settings { queue, ..pipeline::settings() }))
    }

    /// `host:port` of Redis in the settings.
    fn redis(&self) -> &str {
        self.setting("redis_url").split_once("://").unwrap_or_default().1
    }
}
