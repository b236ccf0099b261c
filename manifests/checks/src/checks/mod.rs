//! What no schema can know: names, references, ports and variables have to fit each other.
//!
//! A check takes everything that is applied together. It returns one line for each fault, with the
//! object's name in front. What a check does not understand is a fault as well.

mod containers;
pub mod memory;
mod network;
mod references;
mod scaling;
mod spin_app;

use std::collections::BTreeMap;

use orders::pipeline;
use queue::{Keys, QueueName, Settings};

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

/// One check.
#[derive(Debug, Clone, Copy)]
pub struct Check {
    /// What holds when it finds nothing.
    pub name: &'static str,
    /// Finds faults.
    pub run: fn(&Inputs) -> Vec<String>,
}

/// All checks.
pub const ALL: &[Check] = &[
    Check { name: "components are those of spin.toml", run: spin_app::components },
    Check { name: "every stream is drained", run: spin_app::every_stream_is_drained },
    Check { name: "variables are declared, used and all given", run: spin_app::variables },
    Check { name: "probes are answered, and early", run: spin_app::probes },
    Check { name: "the number of replicas is said by one", run: spin_app::replicas },
    Check { name: "the executor is in the namespace", run: spin_app::executors },
    Check { name: "KEDA looks at the streams of the queue", run: scaling::triggers },
    Check { name: "KEDA scales what is there", run: scaling::targets },
    Check { name: "one Redis is meant by all", run: scaling::one_redis },
    Check { name: "Redis loses no order", run: scaling::redis_keeps_orders },
    Check { name: "Redis has memory for what it keeps", run: memory::of_redis },
    Check { name: "references lead to something", run: references::exist },
    Check { name: "no secret is in plain text", run: references::no_plain_secret },
    Check { name: "everything is in one namespace", run: references::one_namespace },
    Check { name: "selectors select and ports are open", run: network::selectors },
    Check { name: "policies fit pods and ports", run: network::policies },
    Check { name: "only clients of Redis reach it", run: network::redis_clients },
    Check { name: "resources are limited", run: containers::resources },
    Check { name: "images are pinned", run: containers::images },
    Check { name: "containers have no rights", run: containers::rights },
];

impl Inputs {
    /// The faults that all checks find, each behind the name of its check.
    pub fn faults(&self) -> Vec<String> {
        let faults = ALL.iter().flat_map(|check| {
            (check.run)(self).into_iter().map(|fault| format!("{}: {fault}", check.name))
        });
        faults.collect()
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

    /// A value of the ConfigMap that all programs read, empty when it is not there.
    fn setting(&self, key: &str) -> &str {
        self.named("ConfigMap", "settings")
            .map_or("", |settings| settings.text(&format!("/data/{key}")))
    }

    /// The names of the queue that the settings name.
    fn keys(&self) -> Result<Keys, String> {
        let queue = self.setting("queue");
        let queue = QueueName::parse(queue)
            .ok_or_else(|| format!("settings: {queue:?} is no name of a queue"))?;
        Ok(Keys::new(&Settings { queue, ..pipeline::settings() }))
    }

    /// `host:port` of Redis, as the settings say it.
    fn redis(&self) -> &str {
        let url = self.setting("redis_url");
        url.strip_prefix("redis://").or(url.strip_prefix("rediss://")).unwrap_or(url)
    }
}
