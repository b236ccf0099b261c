//! `spin.toml`, as far as manifests have to fit it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use routefinder::Router;

/// What Spin answers by itself, whatever the application is.
pub const HEALTH_OF_SPIN: &str = "/.well-known/spin/health";

/// The application's variables, components and routes.
#[derive(Debug, Clone)]
pub struct Application {
    /// By name.
    pub variables: BTreeMap<String, Variable>,
    /// For each component the variables that it or its triggers use.
    pub components: BTreeMap<String, BTreeSet<String>>,
    routes: Vec<(String, String)>,
}

/// One entry of `[variables]`.
#[derive(Debug, Clone, Default)]
pub struct Variable {
    /// Whether the application does not start without it.
    pub is_required: bool,
    /// Whether its value may not be seen.
    pub is_secret: bool,
}

impl Application {
    /// Reads a manifest of version 2.
    ///
    /// # Errors
    /// When it is no such manifest.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: toml::Table = text.parse().context("failed to read the application")?;
        let table = |name: &str| manifest.get(name).and_then(toml::Value::as_table).cloned();
        let flag = |variable: &toml::Value, name: &str| {
            variable.get(name).and_then(toml::Value::as_bool).unwrap_or_default()
        };
        let variables = table("variables").unwrap_or_default();
        let variables = variables.iter().map(|(name, variable)| {
            let read = Variable {
                is_required: flag(variable, "required"),
                is_secret: flag(variable, "secret"),
            };
            (name.clone(), read)
        });
        let mut components: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, component) in &table("component").context("there is no component")? {
            components.insert(name.clone(), templates(&component.to_string()));
        }
        let mut routes = Vec::new();
        for (kind, triggers) in &table("trigger").context("there is no trigger")? {
            for trigger in triggers.as_array().into_iter().flatten() {
                let text = |field: &str| trigger.get(field).and_then(toml::Value::as_str);
                let component = text("component").context("a trigger has no component")?;
                let used = components.get_mut(component);
                used.with_context(|| format!("there is no component {component}"))?
                    .extend(templates(&trigger.to_string()));
                if kind == "http" {
                    let route = text("route").context("an HTTP trigger has no route")?;
                    routes.push((route.replace("/...", "/*"), component.to_owned()));
                    // A wildcard matches what is in front of it too.
                    if let Some(folder) = route.strip_suffix("/...") {
                        routes.push((folder.to_owned(), component.to_owned()));
                    }
                }
            }
        }
        Ok(Self { variables: variables.collect(), components, routes })
    }

    /// Whether one of the components answers on the path, or Spin itself does.
    pub fn answers(&self, path: &str, components: &[&str]) -> bool {
        let mut router = Router::new();
        for (route, component) in &self.routes {
            if components.contains(&component.as_str()) && router.add(route.as_str(), ()).is_err() {
                return false;
            }
        }
        // The matcher takes no path at all for the root.
        path.starts_with('/') && (path == HEALTH_OF_SPIN || router.best_match(path).is_some())
    }
}

/// The names between `{{` and `}}`.
fn templates(text: &str) -> BTreeSet<String> {
    let starts = text.split("{{").skip(1);
    starts.filter_map(|rest| Some(rest.split_once("}}")?.0.trim().to_owned())).collect()
}
