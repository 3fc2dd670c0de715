"""The commands of `acude`, one file each."""
