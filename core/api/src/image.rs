//! Images: files of machine code that contain modules. `module!` adds a module's descriptor to this
//! image's slice, exports the symbol that a loader looks for, and writes the stamp.

use crate::check::{Check, Offer, Scopes};
use crate::command::{CommandEntry, HookEntry};
use crate::contribution::ControlAction;
use crate::directive::Directive;
use crate::error::{Error, Result};
use crate::guard::{self, Home};
use crate::instance::Instance;
use crate::log::{self, Host};
use crate::moment::{Moment, SettingsBox};
use crate::runtime::RuntimeStart;
use crate::session::Session;
use crate::settings::ScopeValues;
use crate::stamp;
use crate::value::{Value, ValueError};
use crate::variable::Variable;

/// The descriptor of a module in its image.
pub struct Descriptor {
    /// Its name: `mod_sql`.
    pub name: &'static str,
    /// Its version.
    pub version: &'static str,
    /// Modules that must be present, and are called earlier.
    pub requires: &'static [&'static str],
    /// Modules that are called earlier if present.
    pub after: &'static [&'static str],
    /// Modules that are called later if present.
    pub before: &'static [&'static str],
    /// Whether it is called after all modules that do not set this.
    pub last: bool,
    /// Starts its runtime, if it needs one.
    pub runtime: Option<RuntimeStart>,
    /// Creates an instance.
    pub create: fn(Home) -> Result<Box<dyn Instance>>,
    /// Creates its settings from the values in a scope.
    pub settings: fn(&ScopeValues<'_>) -> Result<SettingsBox, ValueError>,
    /// The services that it will publish.
    pub offers: fn(&Scopes<'_>) -> Result<Vec<Offer>>,
    /// Lets it check its settings.
    pub check: fn(&mut Check<'_>) -> Result<()>,
    /// The names of the directives that its settings read.
    pub reads: fn() -> Vec<&'static str>,
}

/// The modules of this image.
#[linkme::distributed_slice]
pub static MODULES: [Descriptor];

/// The contents of an image. All of it belongs to the image, which must stay mapped while any part
/// is in use.
pub struct Image {
    /// Its modules.
    pub modules: &'static [Descriptor],
    /// Their directives.
    pub directives: Vec<&'static Directive>,
    /// Their commands.
    pub commands: Vec<&'static CommandEntry>,
    /// The moments that they declare.
    pub hooks: Vec<&'static HookEntry>,
    /// Their control actions.
    pub controls: Vec<&'static ControlAction>,
    /// Their variables.
    pub variables: Vec<&'static Variable>,
}

impl Image {
    /// The image that contains this code.
    pub fn this(host: &'static dyn Host) -> Self {
        log::connect(host);
        Self {
            modules: &MODULES,
            directives: inventory::iter::<Directive>.into_iter().collect(),
            commands: inventory::iter::<CommandEntry>.into_iter().collect(),
            hooks: inventory::iter::<HookEntry>.into_iter().collect(),
            controls: inventory::iter::<ControlAction>.into_iter().collect(),
            variables: inventory::iter::<Variable>.into_iter().collect(),
        }
    }
}

/// Size and alignment of a type.
#[repr(C)]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// Bytes.
    pub size: u32,
    /// Bytes.
    pub align: u32,
}

impl Shape {
    const fn of<T>() -> Self {
        Self { size: size_of::<T>() as u32, align: align_of::<T>() as u32 }
    }
}

/// What the exported function returns. It is readable whatever build the image comes from: a cheap
/// second check before the first call with the Rust ABI.
#[repr(C)]
pub struct Header {
    /// [`stamp::MAGIC`].
    pub magic: [u8; 8],
    /// [`stamp::FORMAT`].
    pub format: u32,
    /// The stamp id.
    pub id: [u8; 12],
    /// The layouts of the main boundary types.
    pub shapes: [Shape; 6],
    /// Opens the image; call it only if everything above matches.
    pub open: fn(&'static dyn Host) -> Image,
}

impl Header {
    /// The header of this image.
    pub const fn this(open: fn(&'static dyn Host) -> Image) -> Self {
        Self { magic: stamp::MAGIC, format: stamp::FORMAT, id: stamp::ID, shapes: SHAPES, open }
    }

    /// Whether the types match this image's.
    pub fn agrees(&self) -> bool {
        self.magic == stamp::MAGIC && self.format == stamp::FORMAT && self.id == stamp::ID && self.shapes == SHAPES
    }
}

const SHAPES: [Shape; 6] = [
    Shape::of::<Session>(),
    Shape::of::<Moment<'_>>(),
    Shape::of::<Descriptor>(),
    Shape::of::<Directive>(),
    Shape::of::<Value>(),
    Shape::of::<Error>(),
];

/// The type of the exported function.
pub type Entry = extern "C" fn() -> *const Header;

/// Opens the image that contains the module `name`; `module!` exports this. It is guarded like
/// every entry: an image that panics here has no contents.
pub fn open(host: &'static dyn Host, name: &'static str) -> Image {
    let opened = guard::call(name, || {
        let image = Image::this(host);
        guard::log_panics(name);
        Ok(image)
    });
    opened.unwrap_or(Image {
        modules: &[],
        directives: Vec::new(),
        commands: Vec::new(),
        hooks: Vec::new(),
        controls: Vec::new(),
        variables: Vec::new(),
    })
}

/// Registers a module: its type, which must implement `Default`, and what the resolver needs to
/// know. Name and version come from the package.
///
/// ```text
/// module! { Greet, settings: Settings, after: ["mod_auth"] }
/// ```
/// Only the type is required. The order is: `settings`, `requires`, `after`, `before`, `last:
/// true`, `runtime: gantry_runtime::start`.
#[macro_export]
macro_rules! module {
    ($module:ty
     $(, settings: $settings:ty)?
     $(, requires: [$($requires:literal),* $(,)?])?
     $(, after: [$($after:literal),* $(,)?])?
     $(, before: [$($before:literal),* $(,)?])?
     $(, last: $last:literal)?
     $(, runtime: $runtime:expr)?
     $(,)?) => {
        const _: () = {
            const NAME: &str = env!("CARGO_PKG_NAME");

            #[$crate::linkme::distributed_slice($crate::MODULES)]
            #[linkme(crate = $crate::linkme)]
            static DESCRIPTOR: $crate::Descriptor = $crate::Descriptor {
                name: NAME,
                version: env!("CARGO_PKG_VERSION"),
                requires: &[$($($requires),*)?],
                after: &[$($($after),*)?],
                before: &[$($($before),*)?],
                last: $crate::module!(@or false $(, $last)?),
                runtime: $crate::module!(@option $($runtime)?),
                create: $crate::instance::create::<$module>,
                settings: $crate::instance::settings::<$crate::module!(@settings $($settings)?)>,
                offers: $crate::instance::offers::<$module>,
                check: $crate::instance::check::<$module>,
                reads: <$crate::module!(@settings $($settings)?) as $crate::FromScope>::directives,
            };

            const PARTS: &[&str] = &[
                $crate::stamp::BUILD,
                "module=", NAME,
                "\nversion=", env!("CARGO_PKG_VERSION"),
                "\nrequires=", $($($requires, " ",)*)?
                "\nprovides=",
                "\nafter=", $($($after, " ",)*)?
                "\nbefore=", $($($before, " ",)*)?
                "\nlast=", if $crate::module!(@or false $(, $last)?) { "yes" } else { "no" },
                "\nlicence=", env!("CARGO_PKG_LICENSE"),
                "\nruntime=", $crate::module!(@yes $($runtime)?),
                "\n", $crate::stamp::SHOWN,
            ];
            const LENGTH: usize = $crate::stamp::length(PARTS);
            const TEXT: [u8; LENGTH] = $crate::stamp::join(PARTS);

            #[used]
            #[unsafe(link_section = ".gantry.stamp")]
            static STAMP: [u8; LENGTH + $crate::stamp::FRAME_HEAD] =
                $crate::stamp::frame(match ::core::str::from_utf8(&TEXT) {
                    Ok(text) => text,
                    Err(_) => panic!("parts of UTF-8 make UTF-8"),
                });

            fn open(host: &'static dyn $crate::log::Host) -> $crate::Image {
                $crate::image::open(host, NAME)
            }

            static HEADER: $crate::image::Header = $crate::image::Header::this(open);

            #[unsafe(export_name = concat!("gantry_image_", env!("CARGO_PKG_NAME")))]
            extern "C" fn entry() -> *const $crate::image::Header {
                &HEADER
            }
        };
    };
    (@or $default:literal) => { $default };
    (@or $default:literal, $given:literal) => { $given };
    (@option) => { ::core::option::Option::None };
    (@option $given:expr) => { ::core::option::Option::Some($given) };
    (@settings) => { $crate::NoSettings };
    (@settings $given:ty) => { $given };
    (@yes) => { "no" };
    (@yes $given:expr) => { "yes" };
}
