//! A checkpoint folder, opened: every tensor that the model needs is there, in its shape, and no other.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{
    CheckpointError, Cut, Piece,
    map::{Mapped, View},
    names::ExpertNames,
};
use crate::model::{ModelShape, from_hf_config};

/// A Llama-family model with its weights, checked to be whole.
#[derive(Debug)]
pub struct Checkpoint {
    pub(super) model: ModelShape,
    files: Vec<Mapped>,
    /// The file that holds each tensor.
    places: BTreeMap<String, usize>,
    /// What says where tensors are: the index, or the only file.
    listing: PathBuf,
    pub(super) experts: ExpertNames,
    /// Logits are taken with the embedding's rows.
    pub(super) tied: bool,
}

impl Checkpoint {
    /// Opens a folder with `config.json` and either `model.safetensors` or `model.safetensors.index.json` and the files
    /// that it names. Headers are read, weights are not.
    ///
    /// # Errors
    /// [`CheckpointError`]: files that are missing or cut short, tensors that are missing, of another shape or type than the model asks for, or that nothing here would use.
    pub fn open(folder: &Path) -> Result<Self, CheckpointError> {
        let (model, tied) = config(folder)?;
        let index = folder.join("model.safetensors.index.json");
        let single = folder.join("model.safetensors");
        let (files, places, listing) = if index.exists() {
            let (files, places) = indexed(folder, &index)?;
            (files, places, index)
        } else if single.exists() {
            let file = Mapped::open(single.clone())?;
            let places = file.names().into_iter().map(|name| (name, 0)).collect();
            (vec![file], places, single)
        } else {
            return Err(CheckpointError::NoWeights { path: folder.to_owned() });
        };
        let has = |name: &str| places.keys().any(|tensor: &String| tensor.contains(name));
        let is_mixtral = has(ExpertNames::Mixtral.block());
        let experts = if is_mixtral { ExpertNames::Mixtral } else { ExpertNames::Qwen };
        let checkpoint = Self { model, files, places, listing, experts, tied };
        checkpoint.check()?;
        Ok(checkpoint)
    }

    /// The model that `config.json` describes, named after the folder.
    pub fn model(&self) -> &ModelShape {
        &self.model
    }

    /// The tensor of a cut, as the file has it.
    pub(super) fn view(&self, cut: &Cut) -> Result<(View<'_>, &Path), CheckpointError> {
        let missing = |path: &Path| CheckpointError::Missing {
            tensor: cut.tensor.clone(),
            path: path.to_owned(),
        };
        let place = self.places.get(&cut.tensor).ok_or_else(|| missing(&self.listing))?;
        let file = &self.files[*place];
        let view = file.tensor(&cut.tensor).ok_or_else(|| missing(file.path()))?;
        if view.shape != cut.shape {
            return Err(CheckpointError::Shape {
                tensor: cut.tensor.clone(),
                found: view.shape.to_vec(),
                expected: cut.shape.clone(),
                path: file.path().to_owned(),
            });
        }
        Ok((view, file.path()))
    }

    /// Every tensor the model has is here in its shape, and no other is but those that never count.
    fn check(&self) -> Result<(), CheckpointError> {
        let mut used: Vec<String> = Vec::new();
        for piece in Piece::all(&self.model) {
            // Seen as one rank's, a piece takes the whole of its tensors.
            for cut in self.cuts(piece, 0, 1) {
                let (view, path) = self.view(&cut)?;
                cut.check_dtype(view, path)?;
                used.push(cut.tensor);
            }
        }
        used.sort_unstable();
        for (name, &file) in &self.places {
            let idle =
                name.ends_with("rotary_emb.inv_freq") || (self.tied && name == "lm_head.weight");
            if !idle && used.binary_search(name).is_err() {
                let path = self.files[file].path().to_owned();
                return Err(CheckpointError::Unused { tensor: name.clone(), path });
            }
        }
        Ok(())
    }
}

/// The model, and whether its embedding doubles as the output head.
fn config(folder: &Path) -> Result<(ModelShape, bool), CheckpointError> {
    let path = folder.join("config.json");
    let json = fs::read_to_string(&path)
        .map_err(|cause| CheckpointError::Io { cause, path: path.clone() })?;
    let name = folder.file_name().map_or_else(|| "model".into(), |name| name.to_string_lossy());
    let model = from_hf_config(&json, &name)
        .map_err(|cause| CheckpointError::Config { cause, path: path.clone() })?;
    // The config parsed a moment ago.
    let tied = serde_json::from_str::<Value>(&json)
        .ok()
        .and_then(|config| config.get("tie_word_embeddings").and_then(Value::as_bool));
    Ok((model, tied.unwrap_or(false)))
}

/// The files an index names, and the file of each tensor.
fn indexed(
    folder: &Path,
    index: &Path,
) -> Result<(Vec<Mapped>, BTreeMap<String, usize>), CheckpointError> {
    let wrong = |cause: String| CheckpointError::Index { cause, path: index.to_owned() };
    let json = fs::read_to_string(index)
        .map_err(|cause| CheckpointError::Io { cause, path: index.to_owned() })?;
    let json: Value = serde_json::from_str(&json).map_err(|error| wrong(error.to_string()))?;
    let map = json.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| wrong("it has no weight_map".to_owned()))?;
    let mut files: Vec<Mapped> = Vec::new();
    let mut by_name: BTreeMap<&str, usize> = BTreeMap::new();
    let mut places = BTreeMap::new();
    for (tensor, file) in map {
        let name = file.as_str().filter(|name| Path::new(name).file_name() == Some(name.as_ref()));
        let name =
            name.ok_or_else(|| wrong(format!("{tensor} lies in {file}, which is no file name")))?;
        let at = match by_name.get(name) {
            Some(&at) => at,
            None => {
                files.push(Mapped::open(folder.join(name))?);
                by_name.insert(name, files.len() - 1);
                files.len() - 1
            }
        };
        places.insert(tensor.clone(), at);
    }
    Ok((files, places))
}
