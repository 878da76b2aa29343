"""From configurations to cells to a comparison: chooses the parts by name, runs the cells, writes the report."""
