//! What is said of damage, and where reading goes on after it.

use std::io::Read;

use super::resync::{FIRST_BYTES, Landing, landing};
use super::{At, Reader};
use crate::interchange::json::{Broken, JsonError, Place};

impl<R: Read> Reader<'_, '_, '_, R> {
    /// Counts damage at a byte that was met in what `at` says; gives where to go on.
    pub(super) fn damaged(
        &mut self,
        at: At,
        at_byte: u64,
        wanted: &'static str,
    ) -> Result<At, Broken> {
        let is_object = self.window.peek()? == Some(b'{');
        let is_event = is_object && at != At::Pair;
        if self.window.byte_at(at_byte) == Some(0) {
            let place = self.window.place(at_byte);
            self.window.step_to(at_byte);
            self.window.skip_zeros()?;
            if self.window.peek()?.is_none() {
                // The space of a file whose writer never came to fill it.
                self.say_cut_off(place, is_event);
                return Ok(At::End);
            }
            self.tally.lost_where("events interrupted by zero bytes", || format!("at {place}"));
        } else {
            if self.last_damage != Some(at_byte) {
                self.say_damaged(at, is_event, at_byte, wanted);
            }
            // Where the search ended before, it would end again.
            let position = self.window.position();
            if is_object && at_byte > position || self.last_landing == Some(position) {
                self.window.step();
            }
        }
        self.last_damage = Some(at_byte);
        self.is_astray = true;
        self.search(at)
    }

    /// Goes on to the next place where something begins.
    pub(super) fn search(&mut self, at: At) -> Result<At, Broken> {
        let landing = self.window.skip_to(FIRST_BYTES, landing)?;
        self.last_landing = Some(self.window.position());
        Ok(match landing {
            None => At::End,
            Some(Landing::Pair) => {
                self.in_object = true;
                self.in_array = false;
                At::Pair
            }
            Some(Landing::Event) if at == At::Document => At::Document,
            Some(Landing::Event) => self.begin_events(),
        })
    }

    fn say_damaged(&mut self, at: At, is_event: bool, at_byte: u64, wanted: &'static str) {
        let cause = match at {
            At::Pair => "facts beside the events that are not valid JSON",
            _ if is_event => "events that are not valid JSON",
            _ => "stretches of text that are no JSON, passed over",
        };
        self.num_events += u64::from(is_event);
        let window = &self.window;
        self.first_damage
            .get_or_insert_with(|| window.error(Broken::Bad { at_byte, wanted }).into());
        let place = || format!("at {}, where {wanted} should be", window.place(at_byte));
        self.tally.lost_where(cause, place);
    }

    /// Says that the text ends too early, in what `at` says; an object without an end may hold whole events.
    pub(super) fn cut_off(&mut self, at: At) -> Result<At, Broken> {
        let is_event = at != At::Pair && self.window.peek()? == Some(b'{');
        if !self.is_cut_off {
            self.say_cut_off(self.window.end(), is_event);
        }
        self.is_cut_off = true;
        self.is_astray = true;
        self.window.step();
        self.search(at)
    }

    fn say_cut_off(&mut self, place: Place, is_event: bool) {
        let Place { byte: at_byte, line, column } = place;
        let error = JsonError::Truncated { at_byte, line, column };
        self.num_events += u64::from(is_event);
        let diagnostics = &mut self.tally.diagnostics;
        diagnostics.count("events cut off by the end of the file", u64::from(is_event));
        diagnostics.note(format!("{error}; what stands before is read"));
        self.first_damage.get_or_insert(error.into());
    }
}
