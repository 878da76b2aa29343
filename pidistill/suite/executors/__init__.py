"""Who runs the cells of a suite: processes of this machine (`local`), or a Ray cluster (`ray`).

`job` says what an executor is given and gives back, `worker` is the process that runs cells, `process` the handle on
one, `local` and `cluster` deal jobs out. Which cell is tried when, and again, is the driver's (`suite/driver.py`).
"""
