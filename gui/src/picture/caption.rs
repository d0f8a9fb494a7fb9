/// What a file says of the picture in it: to those who cannot see it, and to those who search for it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caption {
    /// What is pictured.
    pub title: String,
    /// Where it comes from.
    pub description: String,
}
