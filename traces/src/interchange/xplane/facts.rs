//! What planes say of themselves: the time at which recording began, and devices.

use super::events::{Given, stat};
use super::plane::Plane;
use super::space::Space;
use crate::DeviceInfo;

/// The plane that tells of the recording.
pub(super) const ENVIRONMENT: &str = "Task Environment";

impl Space {
    /// Takes in a plane's own values.
    pub(super) fn facts(&mut self, plane: &Plane<'_>, stats: &[&[u8]]) {
        let mut info = DeviceInfo::default();
        let mut is_told = false;
        let u32_of =
            |given: &Given<'_>| given.int().and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
        for (key, given) in stats.iter().filter_map(|message| stat(plane, message)) {
            match key {
                "profile_start_time" if plane.name == ENVIRONMENT => self.began_ns = given.int(),
                "device_vendor" | "device_type_string" => info.name = given.text(),
                "core_count" => info.sms = u32_of(&given),
                "memory_size" => {
                    info.memory_bytes =
                        given.int().and_then(|n| u64::try_from(n).ok()).unwrap_or(0);
                }
                // Of AMD's GPUs this is no CUDA capability.
                "compute_cap_major" if info.name != "AMD" => {
                    info.compute_capability.0 = u32_of(&given);
                }
                "compute_cap_minor" if info.name != "AMD" => {
                    info.compute_capability.1 = u32_of(&given);
                }
                _ => continue,
            }
            is_told = true;
        }
        let number = plane.name.rsplit(':').next().and_then(|number| number.parse().ok());
        if let Some(number) = number.filter(|_| plane.is_device && is_told) {
            self.recording.header.devices.push((number, info));
        }
    }
}
