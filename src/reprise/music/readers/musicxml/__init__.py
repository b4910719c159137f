"""MusicXML, plain and compressed."""
