//! Composes a component with its dependencies, as Spin does.
//!
//! A dependency is named by an interface or package, with or without a version, and satisfies every
//! matching import. It inherits no permission, which is Spin's default. Imports that need a
//! permission are renamed, and the host refuses the new names.

use anyhow::{Context, Result, bail};
use wac_graph::types::{Interface, ItemKind, Package};
use wac_graph::{CompositionGraph, EncodeOptions, ImportError, NodeId};

/// The prefix of refused imports.
const DENIED: &str = "denied:";
/// Imports that need a permission. Folders and sockets are not listed, because no component has
/// them here.
const PERMISSIONS: [&str; 4] = [
    "fermyon:spin/redis",
    "fermyon:spin/variables",
    "wasi:cli/environment",
    "wasi:http/outgoing-handler",
];

/// Satisfies imports of a component by dependencies, each with its name in the manifest. A
/// dependency that satisfies no import is an error.
pub(crate) fn compose(component: Vec<u8>, dependencies: Vec<(String, Vec<u8>)>) -> Result<Vec<u8>> {
    let mut graph = CompositionGraph::new();
    let main = Part::add(&mut graph, "component", component)?;
    for (name, bytes) in dependencies {
        let what = format!("dependency {name:?}");
        main.satisfy(&mut graph, &name, bytes).context(what)?;
    }
    for name in &main.exports {
        let export = graph.alias_instance_export(main.node, name)?;
        graph.export(export, name)?;
    }
    // wasmtime validates a component before it compiles it.
    Ok(graph.encode(EncodeOptions { validate: false, ..EncodeOptions::default() })?)
}

/// The interface behind the name of a refused import.
pub(crate) fn denied(import: &str) -> Option<String> {
    Some(split(import.strip_prefix(DENIED)?).0.replacen('-', ":", 1))
}

/// One instance in the composition.
struct Part {
    node: NodeId,
    imports: Vec<(String, ItemKind)>,
    exports: Vec<String>,
}

impl Part {
    fn add(graph: &mut CompositionGraph, name: &str, component: Vec<u8>) -> Result<Self> {
        let package = Package::from_bytes(name, None, component, graph.types_mut())?;
        let world = package.ty();
        let package = graph.register_package(package)?;
        let node = graph.instantiate(package);
        let world = &graph.types()[world];
        Ok(Self {
            node,
            imports: world.imports.iter().map(|(name, kind)| (name.clone(), *kind)).collect(),
            exports: world.exports.keys().cloned().collect(),
        })
    }

    fn satisfy(&self, graph: &mut CompositionGraph, name: &str, bytes: Vec<u8>) -> Result<()> {
        let imports: Vec<_> = self.imports.iter().map(|(import, _)| import.as_str()).collect();
        let mut wanted = imports.iter().filter(|import| fits(name, import)).peekable();
        if wanted.peek().is_none() {
            bail!("the component has no such import, only: {}", imports.join(", "));
        }
        let dependency = Self::add(graph, name, bytes)?;
        dependency.deny(graph)?;
        for import in wanted {
            if !dependency.exports.iter().any(|export| export == import) {
                let exports = dependency.exports.join(", ");
                bail!("it does not export {import}, which the component imports, only: {exports}");
            }
            let export = graph.alias_instance_export(dependency.node, import)?;
            graph.set_instantiation_argument(self.node, import, export)?;
        }
        Ok(())
    }

    fn deny(&self, graph: &mut CompositionGraph) -> Result<()> {
        for (import, kind) in &self.imports {
            let ItemKind::Instance(id) = *kind else { continue };
            if !PERMISSIONS.contains(&split(import).0) {
                continue;
            }
            // With its id, it would be merged with the same import of the component.
            let nameless = Interface { id: None, ..graph.types()[id].clone() };
            let nameless = ItemKind::Instance(graph.types_mut().add_interface(nameless));
            let name = format!("{DENIED}{}", import.replacen(':', "-", 1));
            let node = match graph.import(name, nameless) {
                // Another dependency has this import too.
                Err(ImportError::ImportAlreadyExists { node, .. }) => node,
                imported => imported?,
            };
            graph.set_instantiation_argument(self.node, import, node)?;
        }
        Ok(())
    }
}

/// Whether the name of a dependency matches an import.
fn fits(name: &str, import: &str) -> bool {
    let ((name, version), (interface, its_version)) = (split(name), split(import));
    let is_package = interface.split_once('/').is_some_and(|(package, _)| package == name);
    (name == interface || is_package) && (version.is_none() || version == its_version)
}

/// A name without its version, and the version.
fn split(name: &str) -> (&str, Option<&str>) {
    name.split_once('@').map_or((name, None), |(name, version)| (name, Some(version)))
}

#[cfg(test)]
mod tests;
