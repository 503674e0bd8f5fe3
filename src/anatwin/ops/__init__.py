"""Mathematics on numpy arrays: no files, no grids, no stages."""
