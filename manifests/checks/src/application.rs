//! The parts of `spin.toml` that the manifests must match.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result};
use routefinder::Router;

/// The application's variables, components and routes.
#[derive(Debug, Clone)]
pub struct Application {
    /// By name: whether the application does not start without it.
    pub variables: BTreeMap<String, bool>,
    /// For each component the variables that it or its triggers use.
    pub components: BTreeMap<String, BTreeSet<String>>,
    routes: Vec<(String, String)>,
}

#[derive(serde::Deserialize)]
struct Manifest {
    variables: BTreeMap<String, toml::Table>,
    component: BTreeMap<String, toml::Table>,
    trigger: BTreeMap<String, Vec<toml::Table>>,
}

impl Application {
    /// Reads a manifest of version 2.
    ///
    /// # Errors
    /// When it is no such manifest.
    pub fn parse(text: &str) -> Result<Self> {
        let manifest: Manifest = toml::from_str(text).context("failed to read the application")?;
        let components = manifest.component.into_iter();
        let mut components: BTreeMap<_, _> =
            components.map(|(name, it)| (name, templates(&it.to_string()))).collect();
        let mut routes = Vec::new();
        for trigger in manifest.trigger.values().flatten() {
            let text = |field: &str| trigger.get(field).and_then(toml::Value::as_str);
            let component = text("component").context("a trigger has no component")?;
            let used = components.get_mut(component);
            used.with_context(|| format!("there is no component {component}"))?
                .extend(templates(&trigger.to_string()));
            if let Some(route) = text("route") {
                routes.push((route.replace("/...", "/*"), component.to_owned()));
                // A wildcard matches what is in front of it too.
                let folder = route.strip_suffix("/...");
                routes.extend(folder.map(|it| (it.to_owned(), component.to_owned())));
            }
        }
        let is_required = |variable: &toml::Table| variable.get("required") == Some(&true.into());
        let variables = manifest.variables.into_iter();
        let variables = variables.map(|(name, it)| (name, is_required(&it))).collect();
        Ok(Self { variables, components, routes })
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
        path.starts_with('/')
            && (path == "/.well-known/spin/health" || router.best_match(path).is_some())
    }
}

/// The names between `{{` and `}}`.
fn templates(text: &str) -> BTreeSet<String> {
    let starts = text.split("{{").skip(1);
    starts.filter_map(|rest| Some(rest.split_once("}}")?.0.trim().to_owned())).collect()
}
