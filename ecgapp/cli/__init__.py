"""The commands of ``python -m ecgapp``, one file each: the same code as the pages, told in lines."""
