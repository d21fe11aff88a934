//! Pictures to JPEG.

use jpeg_encoder::{
    ChromaSubsamplingMethod, ColorType, Encoder, QuantizationTableType, SamplingFactor,
};

use super::Refusal;
use crate::engine::raster::{Image, Layout, Samples};
use crate::files::containers::jpeg::{Header, with_segments};
use crate::files::metadata::{Metadata, Own};

/// The quality of a result whose quality nobody named.
const QUALITY: u8 = 95;

/// The bytes of a JPEG.
pub fn encode(image: Image, metadata: &Metadata, quality: Option<u8>) -> Result<Vec<u8>, Refusal> {
    let (width, height) = (
        u16::try_from(image.width())?,
        u16::try_from(image.height())?,
    );
    let layout = image.layout();
    let Samples::Eight(samples) = image.into_samples() else {
        return Err("a JPEG holds 8 bits a sample".into());
    };
    let (samples, colour) = match layout {
        Layout::Grey => (samples, ColorType::Luma),
        Layout::Rgb => (samples, ColorType::Rgb),
        Layout::GreyAlpha => (without_alpha(&samples, 2), ColorType::Luma),
        Layout::Rgba => (without_alpha(&samples, 4), ColorType::Rgb),
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality.unwrap_or(QUALITY).clamp(1, 100));
    encoder.set_optimized_huffman_tables(true);
    encoder.set_sampling_factor(SamplingFactor::R_4_4_4);
    if let Own::Jpeg(form) = &metadata.own {
        let factors = form.subsampling.filter(|_| colour == ColorType::Rgb);
        if let Some(factors) = factors.and_then(|(x, y)| SamplingFactor::from_factors(x, y)) {
            encoder.set_sampling_factor(factors);
            encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
        }
        if quality.is_none() {
            let [luma, chroma] = finest_tables(&form.tables)?;
            encoder.set_quantization_tables(luma, chroma);
        }
    }
    encoder.encode(&samples, width, height, colour)?;
    Ok(with_segments(&bytes, &metadata.jpeg_segments()))
}

/// For each coefficient the finer of the step that the source had and of the step of quality 95.
fn finest_tables(source: &[Option<[u16; 64]>; 2]) -> Result<[QuantizationTableType; 2], Refusal> {
    // The encoder's own tables, as it writes them for a picture of one pixel.
    let mut bytes = Vec::new();
    Encoder::new(&mut bytes, QUALITY).encode(&[0; 3], 1, 1, ColorType::Rgb)?;
    let standard = Header::read(&bytes);
    let table = |component: usize| -> Result<_, Refusal> {
        let mut steps = *standard.table_of(component).ok_or("it has no tables")?;
        if let Some(source) = &source[component] {
            for (step, source) in steps.iter_mut().zip(source) {
                *step = (*step).min(*source).max(1);
            }
        }
        Ok(QuantizationTableType::Custom(Box::new(steps)))
    };
    Ok([table(0)?, table(1)?])
}

fn without_alpha(samples: &[u8], channels: usize) -> Vec<u8> {
    let pixels = samples.chunks_exact(channels);
    pixels.flat_map(|it| &it[..channels - 1]).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_step_is_coarser_than_the_source_s() {
        let samples: Vec<u8> = (0..48u8 * 3).collect();
        let image = Image::new(8, 6, Layout::Rgb, Samples::Eight(samples)).expect("right size");
        let mut fine = [1; 64];
        fine[63] = 300;
        let form = crate::files::metadata::JpegForm {
            tables: [Some(fine), None],
            subsampling: Some((2, 2)),
            ..Default::default()
        };
        let metadata = Metadata {
            own: Own::Jpeg(Box::new(form)),
            ..Metadata::default()
        };
        let bytes = encode(image, &metadata, None).expect("a JPEG");
        let header = Header::read(&bytes);
        let luma = header.table_of(0).expect("a table");
        assert!(luma[63] > 1 && luma[63] < 30, "{luma:?}");
        assert!(
            luma.iter().enumerate().all(|(i, it)| i == 63 || *it == 1),
            "{luma:?}"
        );
        assert_eq!(
            (header.components[0].across, header.components[0].down),
            (2, 2)
        );
    }
}
