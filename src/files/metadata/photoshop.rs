//! Photoshop's image resource blocks, which carry IPTC in a JPEG (Adobe Photoshop File Formats).

/// What a segment of a JPEG begins with that holds resources.
pub const SIGNATURE: &[u8] = b"Photoshop 3.0\0";

/// The number of the resource that holds IPTC.
const IPTC: u16 = 0x0404;

/// The IPTC among resources.
pub fn iptc(mut resources: &[u8]) -> Option<&[u8]> {
    while let Some(rest) = resources.strip_prefix(b"8BIM") {
        let number = u16::from_be_bytes(*rest.first_chunk()?);
        // A Pascal string and the data are padded to even lengths.
        let name = 1 + usize::from(*rest.get(2)?);
        let rest = rest.get(2 + name.next_multiple_of(2)..)?;
        let length = u32::from_be_bytes(*rest.first_chunk()?) as usize;
        let data = rest.get(4..4usize.checked_add(length)?)?;
        if number == IPTC {
            return Some(data);
        }
        resources = rest.get(4 + length.next_multiple_of(2)..)?;
    }
    None
}

/// Resources that hold nothing but IPTC.
pub fn with_iptc(iptc: &[u8]) -> Vec<u8> {
    let length = u32::try_from(iptc.len()).expect("no metadata of 4 GiB is read");
    let mut out = b"8BIM".to_vec();
    out.extend(IPTC.to_be_bytes());
    out.extend([0, 0]);
    out.extend(length.to_be_bytes());
    out.extend_from_slice(iptc);
    out.resize(out.len().next_multiple_of(2), 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn iptc_is_found_behind_other_resources() {
        let mut resources = b"8BIM\x03\xED\x03abc\0\0\0\x03xyz\0".to_vec();
        assert_eq!(iptc(&resources), None);
        resources.extend(with_iptc(b"\x1C\x02\x78"));
        assert_eq!(iptc(&resources), Some(&b"\x1C\x02\x78"[..]));
        for cut in 0..resources.len() {
            iptc(&resources[..cut]);
        }
    }
}
